export { DownloadLinks, LINK_LIFETIME_MS, type LinkTarget } from "./download-link.js";
export { ExportFormat } from "./export-format.js";
export { type ExportFile, ExportService } from "./export.service.js";
