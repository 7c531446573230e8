const SECRET_NAME = /authorization|cookie|token(?!s)|secret|passw|passphrase|credential|signature|jwt|bearer|(^|[-_.])(key|auth|pwd|sig)$|api[-_.]?key|access[-_.]?key|private[-_.]?key|subscription[-_.]?key|x[-_.]?auth/i;

/** Whether a header or query parameter of the name is taken to hold a secret: its value is then encrypted and shown as ***. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
