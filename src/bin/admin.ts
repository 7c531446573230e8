// Tenants, tokens and the secret key from a shell: npm run admin -- create-organization | create-token | rotate-secret-key.
import "./node-version.js";

const { failStart } = await import("../app/process.js");
try {
  const { runAdmin } = await import("../app/admin.js");
  await runAdmin(process.argv.slice(2));
} catch (error) {
  failStart(error);
}
