import { oneOf, text } from './search-params'

/** What a value of a fact looks like. */
export type FactKind = 'name' | 'dialled' | 'gateway' | 'whole' | 'decimal' | 'yesNo' | 'side'

/** What records are found by beside the filters that have a place of their own, by group. */
export const CDR_FACTS = {
  call_id: 'name',
  called_number: 'dialled',
  called_suffix: 'dialled',
  calling_number: 'name',
  calling_prefix: 'dialled',
  calling_suffix: 'dialled',
  called_number_received: 'name',
  called_number_sent: 'dialled',
  called_prefix_sent: 'dialled',
  calling_number_sent: 'name',
  ingress_trunk: 'name',
  egress_trunk: 'name',
  gateway: 'gateway',
  destination: 'name',
  rate_card: 'name',
  answered: 'yesNo',
  released_by: 'side',
  release_reason: 'name',
  sip_status: 'whole',
  snapshot_number: 'whole',
  min_seconds: 'decimal',
  max_seconds: 'decimal',
  min_charge: 'decimal',
  max_charge: 'decimal',
  min_cost: 'decimal',
  max_cost: 'decimal',
  min_margin: 'decimal',
  max_margin: 'decimal',
} as const satisfies Record<string, FactKind>

export type CdrFact = keyof typeof CDR_FACTS

export type CdrFacts = { [Fact in CdrFact]?: string | undefined }

export const CDR_FACT_NAMES = Object.keys(CDR_FACTS) as CdrFact[]

export const SIDES = ['customer', 'carrier', 'switch'] as const

const PATTERNS: Record<FactKind, RegExp> = {
  name: /^.{1,255}$/,
  dialled: /^[0-9+*#]{1,32}$/,
  gateway: /^[0-9a-fA-F.:[\]]{2,64}$/,
  whole: /^[0-9]{1,9}$/,
  decimal: /^-?[0-9]{1,6}(\.[0-9]{1,9})?$/,
  yesNo: /^(true|false)$/,
  side: /^(customer|carrier|switch)$/,
}

/** Whether the switch would take the value. */
export function isFactValue(fact: CdrFact, value: string): boolean {
  const fits = PATTERNS[CDR_FACTS[fact]].test(value)
  const isNegative = value.startsWith('-') && !fact.endsWith('margin')
  return fits && !isNegative && (fact !== 'sip_status' || Number(value) < 700)
}

/** The facts of an address; what means nothing is left out. */
export function cdrFacts(search: Record<string, unknown>): CdrFacts {
  const facts: CdrFacts = {}
  for (const fact of CDR_FACT_NAMES) {
    const value = text(search[fact], 255)
    if (value !== undefined && isFactValue(fact, value)) facts[fact] = value
  }
  return facts
}

/** The facts as the switch is asked for them. */
export function factQuery(facts: CdrFacts) {
  const { answered, released_by, sip_status, snapshot_number, min_seconds, max_seconds, ...texts } =
    facts
  return {
    ...texts,
    answered: answered === undefined ? undefined : answered === 'true',
    released_by: oneOf(released_by, SIDES),
    sip_status: number(sip_status),
    snapshot_number: number(snapshot_number),
    min_duration_ms: milliseconds(min_seconds),
    max_duration_ms: milliseconds(max_seconds),
  }
}

function number(value: string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function milliseconds(seconds: string | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000)
}
