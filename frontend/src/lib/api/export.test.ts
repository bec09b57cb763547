import { describe, expect, it } from "vitest";

import { exportFormats, exportName } from "./export";
import openapi from "./openapi.json";

describe("exports", () => {
  it("offers every format of the API once", () => {
    const offered = exportFormats.flatMap(({ formats }) => formats.map(({ format }) => format));
    const query = openapi.paths["/api/v1/results/{experiment_id}/export"].get.parameters.find(({ name }) => name === "format");
    expect(query?.schema).toMatchObject({ enum: offered });
  });

  it("names files by what they are", () => {
    expect(exportName("1", "parquet")).toBe("experiment-1.parquet");
    expect(exportName("1", "inspect")).toBe("experiment-1.eval");
    expect(exportName("1", "lm-eval")).toBe("experiment-1.zip");
    expect(exportName("1", "promptfoo")).toBe("experiment-1.json");
    expect(exportName("1", "openai-evals")).toBe("experiment-1.jsonl");
  });
});
