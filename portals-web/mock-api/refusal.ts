import type { Problem } from '~/api/__generated__/schema'

/** An answer that is a problem document. */
export class Refusal extends Error {
  readonly problem: Problem

  constructor(status: number, name: string, detail: string, more: Partial<Problem> = {}) {
    super(detail)
    this.problem = { type: `/problems/${name}`, title: name, status, detail, ...more }
  }
}
