import type { components } from "./v1";

type ErrorBody = components["schemas"]["ErrorBody"];

/** A failed request. */
export class ApiError extends Error {
  /** HTTP status; 0 without a response. */
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** Messages by field; empty if the error is not about the input. */
  readonly fields: Record<string, string>;

  constructor(status: number, body: Partial<ErrorBody>) {
    super(body.message ?? `The server answered with status ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.hint = body.hint ?? "";
    this.fields = Object.fromEntries((body.errors ?? []).map((problem) => [problem.field, problem.message]));
  }

  /** Whether the API does not answer for a reason that passes by itself, such as a start. */
  get waking(): boolean {
    return this.unanswered && (this.status !== 0 || this.code === "unreachable");
  }

  /** Whether nothing but a proxy has answered, if anything. A part of the API that does not answer has a message of its own. */
  get unanswered(): boolean {
    return this.status === 0 || (this.unreachable && this.code === "unknown");
  }

  /** Whether the API could not be reached, or is starting. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

export function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === "object" && value !== null && "message" in value && "code" in value;
}

/** The error of a response; of a body that is not the API's (such as a proxy's page), only the status is known. */
export function errorOf(status: number, body: unknown): ApiError {
  return new ApiError(status, isErrorBody(body) ? body : {});
}
