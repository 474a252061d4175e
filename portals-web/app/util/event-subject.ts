import type { LinkOptions } from '@tanstack/react-router'

import { pb } from './path-builder'

interface Happened {
  kind: string
  /** `trunk/aurora`, `job/7`. */
  subject: string
}

/** Where what an event is about can be seen; null for what is gone or has no page of its own. */
export function subjectLink(
  { kind, subject }: Happened,
  isKind: (kind: string) => boolean,
): LinkOptions | null {
  const slash = subject.indexOf('/')
  if (slash < 0 || kind.endsWith('.deleted')) return null
  const [area, name] = [subject.slice(0, slash), subject.slice(slash + 1)]
  if (!name) return null
  const isNumber = /^[1-9]\d{0,14}$/.test(name)
  if (area === 'change_set') return isNumber ? pb.changeSet(Number(name)) : null
  if (area === 'job') return isNumber ? pb.job(name) : null
  return isKind(area) ? pb.resource(area, name) : null
}
