import type { KindTexts } from '../kind-texts'
import { accounts } from './kinds/accounts'
import { choices } from './kinds/choices'
import { connections } from './kinds/connections'
import { exchange } from './kinds/exchange'
import { fields } from './kinds/fields'
import { areas, kinds as names, verbs } from './kinds/names'
import { items } from './kinds/items'
import { offer } from './kinds/offer'
import { trunks } from './kinds/trunks'

export const kinds: KindTexts = {
  kinds: names,
  fields,
  choices,
  areas,
  verbs,
  sentences: { ...accounts, ...connections, ...exchange, ...items, ...offer, ...trunks },
}
