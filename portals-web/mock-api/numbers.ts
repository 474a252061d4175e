import type { NumberFacts, NumberTest, RuleResult } from '~/api/__generated__/schema'

import { Refusal } from './refusal.ts'
import { FAILING_PREFIX } from './sentinels.ts'

interface Rule {
  prefix?: string
  pattern?: string
  replacement?: string
}

/** The answer to a question about numbers. */
export function numbersTried(question: unknown): NumberTest {
  const { rules, numbers } = question as { rules: unknown; numbers: string[] }
  return rulesTried(rules, numbers)
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
