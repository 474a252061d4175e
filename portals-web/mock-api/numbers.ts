import type {
  ExplainStep,
  NumberCall,
  NumberFacts,
  NumberTest,
  RuleResult,
  SentNumbers,
} from '~/api/__generated__/schema'

import { sentBy } from './explain.ts'
import { Refusal } from './refusal.ts'
import { FAILING_PREFIX } from './sentinels.ts'
import { CARRIERS, CUSTOMERS, SNAPSHOT_NUMBER } from './world.ts'

interface Rule {
  prefix?: string
  pattern?: string
  replacement?: string
}

/** The answer to a question about numbers. */
export function numbersTried(question: unknown): NumberTest {
  const { rules, numbers, ...call } = question as Partial<Call> & {
    rules?: unknown
    numbers?: string[]
  }
  return rules === undefined ? callTried(call) : rulesTried(rules, numbers ?? [])
}

interface Call {
  customer: string
  called: string
  calling: string
  asserted: string | null
  privacy: boolean
}

/** What is in force makes of the numbers of a call, as the switch would tell it. */
function callTried({
  customer,
  called = '',
  calling = '',
  asserted,
  privacy,
}: Partial<Call>): NumberTest {
  const caller = CUSTOMERS.find(({ name }) => name === customer)
  if (!caller) {
    throw new Refusal(422, 'invalid', 'A field is wrong.', {
      errors: [{ field: 'customer', message: `no customer is called "${customer}"` }],
    })
  }
  const digits = called.replace(/^\+/, '')
  const steps: ExplainStep[] = [
    { step: 'number', outcome: 'passed', detail: `${called} is ${digits}` },
  ]
  if (privacy) {
    const detail = `trunk "${caller.trunk}" respects that the caller wants to stay anonymous`
    steps.push({ step: 'identity', outcome: 'passed', detail })
  }
  const sent = CARRIERS.map(({ name, trunk }): SentNumbers => {
    const made = sentBy(name, digits, calling)
    return {
      carrier: name,
      trunk,
      accepted: name !== 'cirrus',
      reason: name === 'cirrus' ? 'number_refused' : null,
      detail: name === 'cirrus' ? 'number list "premium" does not let the call through' : null,
      called_number: made.called,
      calling_number: made.calling ?? '',
      asserted_number: asserted ?? null,
      is_anonymous: privacy ?? false,
      steps: made.steps,
    }
  })
  const call: NumberCall = {
    accepted: true,
    reason: null,
    snapshot_number: SNAPSHOT_NUMBER,
    ingress_trunk: caller.trunk,
    called_number: digits,
    calling_number: calling,
    asserted_number: asserted ?? null,
    is_withheld: privacy ?? false,
    facts: factsOf(digits),
    steps,
    sent,
    is_cut: false,
  }
  return { results: null, call }
}

/** What rules of a form make of numbers, as the switch would tell it. */
function rulesTried(rules: unknown, numbers: readonly string[]): NumberTest {
  if (numbers.some((number) => number.startsWith(FAILING_PREFIX))) {
    throw new Refusal(500, 'internal', 'The switch failed.')
  }
  const all = (rules as { rules?: Rule[] }).rules ?? []
  const compiled = all.map((rule, place) => compile(rule, place))
  const results = numbers.map((number): RuleResult => {
    const rule = compiled.findIndex(({ pattern }) => pattern.test(number))
    const found = compiled[rule]
    const result = found ? number.replace(found.pattern, found.replacement) : number
    return { number, rule: found ? rule : null, result, facts: factsOf(result) }
  })
  return { results, call: null }
}

function compile({ prefix, pattern, replacement = '' }: Rule, place: number) {
  if (pattern === undefined)
    return { pattern: new RegExp(`^${escaped(prefix ?? '')}`), replacement }
  try {
    return { pattern: new RegExp(`^(?:${pattern})$`), replacement }
  } catch {
    const field = `rules.rules[${place}].pattern`
    throw new Refusal(422, 'invalid', 'The rules cannot be used.', {
      errors: [{ field, message: 'regex parse error: unclosed group' }],
    })
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[+*#]/g, String.raw`\$&`)
}

function factsOf(result: string): NumberFacts | null {
  const digits = result.replace(/^(?:\+|00)/, '')
  if (!/^\d{3,18}$/.test(digits)) return null
  const isBritish = /^44[27]\d{9}$/.test(digits)
  const mobile = digits.startsWith('447') ? 'mobile' : 'fixed_line'
  return {
    class: isBritish ? mobile : null,
    country: isBritish ? 'GB' : null,
    is_possible: isBritish,
    is_valid: isBritish,
  }
}
