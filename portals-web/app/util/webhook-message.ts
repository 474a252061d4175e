/** The fields that the switch writes itself, whatever the event's data calls its own. */
const OWN = new Set(['event', 'subject', 'actor'])

interface Told {
  id: number
  kind: string
  subject: string
  actor: string
  data: object
  at: string
}

/** What a target is told of an event: the body of the request. */
export function webhookMessage({ id, kind, subject, actor, data, at }: Told) {
  const more = Object.entries(data).filter(([name]) => !OWN.has(name))
  return {
    type: kind,
    timestamp: at,
    data: { event: id, subject, actor, ...Object.fromEntries(more) },
  }
}
