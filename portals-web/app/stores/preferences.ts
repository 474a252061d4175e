import type { Zone } from '~/util/time'

import { persistentStore } from './persistent'

/** The zone that times are shown in. */
export const zonePreference = persistentStore<Zone>('didtron.zone', ['local', 'utc'], 'local')

/** Whether the submenu stands beside the page on a wide screen. */
export const submenuPreference = persistentStore<'open' | 'closed'>(
  'didtron.submenu',
  ['open', 'closed'],
  'open',
)

/** Whether shortcuts of a single key work; WCAG 2.1.4 wants a way to switch them off. */
export const singleKeysPreference = persistentStore<'on' | 'off'>(
  'didtron.single-keys',
  ['on', 'off'],
  'on',
)
