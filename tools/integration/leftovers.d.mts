export function leftovers(
  swept: { readonly containers: readonly string[]; readonly networks: readonly string[] },
  volumes: { readonly before: readonly string[]; readonly after: readonly string[] },
): string[];
