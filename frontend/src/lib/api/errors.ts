import type { components } from "./v1";

type ErrorBody = components["schemas"]["ErrorBody"];

/** A request that did not succeed, in the one form that pages know. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** What is wrong with which field; empty when the error is not about the input. */
  readonly fields: Record<string, string>;

  constructor(status: number, body: Partial<ErrorBody>) {
    super(body.message ?? `The server answered with status ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.hint = body.hint ?? "";
    this.fields = Object.fromEntries((body.errors ?? []).map((problem) => [problem.field, problem.message]));
  }

  /** Whether the API itself could not be reached, or is only waking up. */
  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

export function awayError(): ApiError {
  return new ApiError(0, {
    code: "away",
    message: "The LlmForge API does not answer.",
    hint: "It may be starting. This page goes on by itself as soon as it answers.",
  });
}

function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === "object" && value !== null && "message" in value && "code" in value;
}

/** The error of a response; what is not in the API's form (a proxy's page, say) keeps its status. */
export function errorOf(status: number, body: unknown): ApiError {
  return new ApiError(status, isErrorBody(body) ? body : {});
}
