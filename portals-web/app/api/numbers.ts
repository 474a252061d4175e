import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import type { JsonObject } from '~/util/json-path'

import { api, unwrap } from './client'

/** Most sample numbers that the switch tries at once. */
export const SAMPLES_MAX = 100

/** What rules that are not saved make of numbers. What they made before stays until the answer comes. */
export const rulesTrialQuery = (rules: JsonObject, numbers: readonly string[]) =>
  queryOptions({
    queryKey: ['numbers', 'rules', rules, numbers],
    queryFn: ({ signal }) => {
      const body = { rules, numbers: [...numbers] }
      return unwrap(api.POST('/api/v1/numbers/test', { body, signal }))
    },
    placeholderData: keepPreviousData,
    retry: false,
  })

/** The numbers of a call, as they are received. */
export interface CallQuestion {
  customer: string
  called: string
  calling: string
  asserted: string | null
  privacy: boolean
}

/** What becomes of the numbers of a call by what is in force. */
export const callTrialQuery = (question: CallQuestion) =>
  queryOptions({
    queryKey: ['numbers', 'call', question],
    queryFn: ({ signal }) => unwrap(api.POST('/api/v1/numbers/test', { body: question, signal })),
    // Whose turn it is in a pool moves on.
    staleTime: 0,
    retry: false,
  })
