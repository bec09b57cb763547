"use client";

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import { type ReactNode, useState } from "react";
import { Toaster, toast } from "sonner";

import { TooltipProvider } from "@/components/ui/tooltip";
import { ApiError } from "@/lib/api/errors";
import { systemQueries } from "@/lib/api/queries";

const MAX_RETRIES = 2;

function makeClient(): QueryClient {
  // Any request can be the first to find the API unreachable; the banner learns of it from the health query.
  const refreshHealth = (error: unknown) => {
    if (error instanceof ApiError && error.unreachable) void client.invalidateQueries(systemQueries.health());
  };
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (query.queryKey[0] !== "health") refreshHealth(error);
      },
    }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _context, mutation) => {
        refreshHealth(error);
        if (mutation.meta?.quiet) return; // the form shows the error
        toast.error(error.message, { description: error instanceof ApiError ? error.hint : undefined });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        networkMode: "always",
        retry: (count, error) => count < MAX_RETRIES && (!(error instanceof ApiError) || error.unreachable || error.status >= 500),
        retryDelay: (count) => Math.min(4_000, 500 * 2 ** count),
      },
      mutations: { networkMode: "always" },
    },
  });
  return client;
}

export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(makeClient);
  return (
    <QueryClientProvider client={client}>
      <NuqsAdapter>
        <TooltipProvider delayDuration={250}>
          {children}
          <Toaster
            position="bottom-right"
            toastOptions={{
              classNames: {
                toast: "!rounded-md !border !border-line !bg-paper !text-ink !shadow-pop !font-sans",
                description: "!text-muted",
                actionButton: "!rounded-full !bg-ink !px-3 !text-paper",
              },
            }}
          />
        </TooltipProvider>
      </NuqsAdapter>
    </QueryClientProvider>
  );
}
