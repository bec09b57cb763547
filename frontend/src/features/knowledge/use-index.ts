import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { buildIndex, knowledgeQueries } from "@/lib/api/knowledge";

/** The state of the index of a version, and a mutation that builds it. The page shows errors. */
export function useIndex(name: string, version: string) {
  const client = useQueryClient();
  const options = knowledgeQueries.index(name, version);
  const index = useQuery(options);
  const build = useMutation({
    meta: { quiet: true },
    mutationKey: ["build", name, version],
    mutationFn: () => buildIndex(name, version),
    onSuccess: (state) => client.setQueryData(options.queryKey, state),
  });
  return { index, build };
}
