import type { system as english } from '../en/system'
import type { Translation } from '../translation'

export const system: Translation<typeof english> = {
  title: 'Estado del nodo',
  running: 'En marcha',
  draining: 'Drenando',
  drainingBody: 'Las llamadas nuevas se rechazan; las que están en curso siguen.',
  node: 'Nodo',
  version: 'Versión',
  uptime: 'En marcha desde hace',
  started: 'Arrancó',
  snapshot: 'Instantánea de configuración',
  calls: 'Llamadas por shard',
  shard: 'Shard',
  callsNow: 'Llamadas ahora',
  listeners: 'Puertos SIP de escucha',
  address: 'Dirección',
  transport: 'Transporte',
  journal: 'Diario de llamadas',
  journalOk: 'Escribiendo',
  journalDown: 'Sin escribir',
  journalDownBody:
    'Las llamadas nuevas se rechazan con 503, porque una llamada que no se puede registrar no se puede facturar.',
  loader: 'Cargador',
  loaderOk: 'Al día',
  loaderBehind: 'Atrasado',
  loaderTrouble: 'Detenido',
  lag: 'Aún no en la base de datos',
  loaded: 'Registros cargados desde el arranque',
  duplicates: 'Duplicados omitidos',
  caughtUp: 'Última vez al día',
}
