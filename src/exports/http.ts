import type { PlainRequest, PlainRoute, ViewerRequest } from "../http/index.js";
import type { RunEvents } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import type { DownloadLinks, LinkTarget } from "./download-link.js";
import { formatOfEnding } from "./export-format.js";
import type { ExportService } from "./export.service.js";
import { HEARTBEAT_MS, openRunEvents } from "./run-event-route.js";

/** A run's results as files: by the usual token, or by the signature of a link. */
export function downloadRoutes(exports: ExportService, links: DownloadLinks): readonly PlainRoute[] {
  return [
    {
      method: "GET",
      path: /^\/runs\/(?<id>[^/]+)\/results\.(?<ending>csv|jsonl|junit\.xml)$/,
      public: true,
      handle: async (request: PlainRequest): Promise<void> => {
        const format = formatOfEnding(request.params["ending"] ?? "");
        if (format === null) throw new Error("the route's pattern lets through what is no format");
        const target = { runId: request.params["id"] ?? "", format };
        const file = await exports.open(await scopeOf(request, links, target), target.runId, format, request.signal);
        await request.send({ contentType: file.mediaType, headers: { "content-disposition": file.disposition }, body: file.content });
      },
    },
  ];
}

/** A run's events for readers without WebSockets. */
export function runEventRoutes(runs: Pick<RunEvents, "watch">, options: { heartbeatMs: number } = { heartbeatMs: HEARTBEAT_MS }): readonly PlainRoute[] {
  return [
    {
      method: "GET",
      path: /^\/runs\/(?<id>[^/]+)\/events$/,
      handle: async (request: ViewerRequest): Promise<void> => {
        const { params, viewer, url, signal, draining } = request;
        const lastEventId = request.headers["last-event-id"];
        const ends = [signal, draining];
        const asked = { runId: params["id"] ?? "", viewer, query: url.searchParams, lastEventId: Array.isArray(lastEventId) ? lastEventId[0] : lastEventId, ends, authenticate: () => request.authenticate() };
        const opened = await openRunEvents(runs, asked, options.heartbeatMs);
        // 204 tells an EventSource not to come back.
        if (opened === null) return request.send({ status: 204, contentType: "text/event-stream", body: "" });
        await request.send({ contentType: "text/event-stream; charset=utf-8", headers: { "cache-control": "no-store", "x-accel-buffering": "no" }, body: opened.text }).finally(opened.stop);
      },
    },
  ];
}

/** A token counts before a signature: whoever sends one means it. */
async function scopeOf(request: PlainRequest, links: DownloadLinks, target: LinkTarget): Promise<Scope> {
  const isSigned = request.headers.authorization === undefined && request.url.searchParams.has("signature");
  return isSigned ? links.verify(request.url.searchParams, target) : request.authenticate();
}
