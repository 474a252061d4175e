import { expect, test } from 'vitest'

import { webhookMessage } from './webhook-message'

const at = '2026-11-21T09:00:00.000000Z'

test('a message tells the event with its data', () => {
  const event = { id: 7, kind: 'trunk.created', subject: 'trunk/a', actor: 'ann', at }
  expect(webhookMessage({ ...event, data: { name: 'a' } })).toEqual({
    type: 'trunk.created',
    timestamp: at,
    data: { event: 7, subject: 'trunk/a', actor: 'ann', name: 'a' },
  })
})

test('data cannot pass for what the switch says itself', () => {
  const event = { id: 7, kind: 'a.b', subject: 'a/b', actor: 'ann', at }
  const { data } = webhookMessage({ ...event, data: { event: 9, actor: 'eve', subject: 'x' } })
  expect(data).toEqual({ event: 7, subject: 'a/b', actor: 'ann' })
})
