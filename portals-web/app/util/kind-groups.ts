/** Where an operator looks for a kind. One that stands nowhere here is shown under `more`. */
const GROUPS = {
  accounts: ['customer', 'customer_category', 'customer_group'],
  connections: ['carrier', 'trunk', 'gateway', 'pop'],
  routing: [
    'route',
    'route_group',
    'lcr_profile',
    'number_list',
    'cli_rules',
    'translation_rules',
    'schedule',
  ],
  offer: [
    'rate_card',
    'exchange_rate',
    'exchange_source',
    'voice_tier',
    'channel_plan',
    'codec_set',
  ],
  access: ['role', 'authentication_method', 'notification_target', 'scheduled_report'],
} as const

export type KindGroup = keyof typeof GROUPS | 'more'

/** Kinds by group, each group in its order; groups without a kind are left out. */
export function groupKinds<K extends { kind: string }>(
  kinds: readonly K[],
): { group: KindGroup; kinds: K[] }[] {
  const known = Object.entries(GROUPS).map(([group, names]) => ({
    group: group as KindGroup,
    kinds: names.flatMap((name) => kinds.filter(({ kind }) => kind === name)),
  }))
  const placed = new Set(known.flatMap((each) => each.kinds))
  const more = kinds.filter((kind) => !placed.has(kind))
  return [...known, { group: 'more' as const, kinds: more }].filter((each) => each.kinds.length > 0)
}
