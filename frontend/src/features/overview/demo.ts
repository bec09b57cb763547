import type { Schemas } from "@/lib/api/client";

/** The demo experiment, as in `configs/experiments/demo.yaml` (a test keeps the two equal). */
export const demo: Schemas["ExperimentCreate"] = {
  config: {
    name: "Demo: naive prompting",
    description: "How many trivia questions does a model of 135 million weights answer by itself?",
    model: "local/smollm2-135m-instruct",
    method: { name: "naive" },
    dataset: { name: "trivia_qa", n: 30 },
    params: { temperature: 0, max_tokens: 32 },
    seed: 42,
    concurrency: 8,
  },
};
