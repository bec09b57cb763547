import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

const PROJECT = path.resolve(import.meta.dirname, "../..");
const TYPES: Record<string, string> = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml", woff2: "font/woff2" };

interface Rule {
  source: string;
  headers: { key: string; value: string }[];
}

/** A host of static files that serves the dashboard with the headers of `deploy/vercel/vercel.json`. */
export class StaticHost {
  private readonly out = process.env.LLMFORGE_DASHBOARD_DIR ?? path.join(PROJECT, "frontend/out");
  private readonly rules = (JSON.parse(readFileSync(path.join(PROJECT, "deploy/vercel/vercel.json"), "utf8")) as { headers: Rule[] }).headers;
  private readonly server: Server = createServer((request, response) => this.answer(request, response));
  /** Where the API is, as `/config.js` names it. */
  api = "";

  async start(): Promise<this> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    for (const { source, headers } of this.rules) {
      if (new RegExp(`^${source}$`).test(pathname)) for (const { key, value } of headers) response.setHeader(key, value);
    }
    if (pathname === "/frame") {
      // A page of another site that shows one of ours: its own policy is not ours.
      response.removeHeader("content-security-policy");
      response.setHeader("content-type", "text/html");
      response.end(`<iframe src="${this.api}/experiments/" width="1200" height="800"></iframe>`);
      return;
    }
    const file = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    response.setHeader("content-type", TYPES[path.extname(file).slice(1)] ?? "text/plain");
    try {
      const content = pathname === "/config.js" ? `globalThis.llmforge = { apiUrl: "${this.api}" };` : readFileSync(path.join(this.out, file));
      response.end(content);
    } catch {
      response.statusCode = 404;
      response.setHeader("content-type", "text/html");
      response.end(readFileSync(path.join(this.out, "404.html")));
    }
  }
}
