import type { exchange as english } from '../en/exchange'
import type { Translation } from '../translation'

export const exchange: Translation<typeof english> = {
  title: 'Tipos de cambio',
  empty: 'Ninguna fuente de tipos de cambio',
  emptyBody: 'Los tipos de cambio se escriben a mano hasta que una fuente los publique.',
  newSource: 'Añadir una fuente',
  refresh: 'Leer ahora',
  refreshed: 'La fuente se ha leído',
  facts: {
    published: 'Publicado',
    read: 'Última lectura',
    next: 'Próxima lectura',
    never: 'Nunca',
    inactive: 'No activa',
  },
  stale: 'Anticuado',
  fresh: 'Al día',
  column: {
    currency: 'Moneda',
    state: 'Estado',
    rate: 'Según la fuente',
    inForce: 'En vigor',
    next: 'Desde el día siguiente',
    move: 'Variación',
    shown: 'Se muestra a clientes',
  },
  unit: 'USD por unidad',
  state: {
    in_force: 'En vigor',
    later: 'Se mira mañana',
    waits: 'Espera confirmación',
    missing: 'Falta',
  },
  unread: 'Aún sin leer',
  confirm: 'Confirmar',
  confirmTitle: 'Confirmar {{currency}}',
  confirmSure:
    '{{rate}} USD por un {{currency}}, una variación de {{move}}. Las llamadas se tarifican con él desde la siguiente medianoche (UTC).',
  confirmed: 'El tipo vale desde la siguiente medianoche',
}
