import type { Resource } from './__generated__/schema'

export interface KindCount {
  kind: string
  count: number
}

/** Kinds in the order that an operator meets them; a new kind comes after those. */
const KIND_ORDER = ['customer', 'carrier', 'trunk', 'rate_card']

export function countByKind(resources: readonly Resource[]): KindCount[] {
  const counts = new Map(KIND_ORDER.map((kind) => [kind, 0]))
  for (const { kind } of resources) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => ({ kind, count }))
}
