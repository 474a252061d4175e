import type { KindName } from '../../kind-texts'

/** What kinds are called. */
export const kinds: Record<string, KindName> = {
  authentication_method: { one: 'Método de autenticación', many: 'Métodos de autenticación' },
  carrier: { one: 'Carrier', many: 'Carriers' },
  channel_plan: { one: 'Plan de canales', many: 'Planes de canales' },
  cli_rules: { one: 'Reglas de CLI', many: 'Reglas de CLI' },
  codec_set: { one: 'Conjunto de códecs', many: 'Conjuntos de códecs' },
  customer_category: { one: 'Categoría de clientes', many: 'Categorías de clientes' },
  customer_group: { one: 'Grupo de clientes', many: 'Grupos de clientes' },
  customer: { one: 'Cliente', many: 'Clientes' },
  exchange_rate: { one: 'Tipo de cambio', many: 'Tipos de cambio' },
  exchange_source: {
    one: 'Fuente de tipos de cambio',
    many: 'Fuentes de tipos de cambio',
  },
  gateway: { one: 'Gateway', many: 'Gateways' },
  lcr_profile: { one: 'Perfil LCR', many: 'Perfiles LCR' },
  notification_target: { one: 'Destino de notificaciones', many: 'Destinos de notificaciones' },
  number_list: { one: 'Lista de números', many: 'Listas de números' },
  pop: { one: 'POP', many: 'POP' },
  rate_card: { one: 'Tarifario', many: 'Tarifarios' },
  role: { one: 'Rol', many: 'Roles' },
  route_group: { one: 'Grupo de rutas', many: 'Grupos de rutas' },
  route: { one: 'Ruta', many: 'Rutas' },
  scheduled_report: { one: 'Informe programado', many: 'Informes programados' },
  schedule: { one: 'Horario', many: 'Horarios' },
  translation_rules: { one: 'Reglas de traducción', many: 'Reglas de traducción' },
  trunk: { one: 'Troncal', many: 'Troncales' },
  voice_tier: { one: 'Nivel de voz', many: 'Niveles de voz' },
}

/** What permissions are over, beside the kinds. */
export const areas: Record<string, string> = {
  change_set: 'Conjuntos de cambios',
  audit: 'Auditoría',
  cdr: 'Registros de llamadas',
  call: 'Llamadas',
  live: 'En vivo',
  explain: 'Explicación de rutas',
  status: 'Estado del nodo',
  metrics: 'Métricas',
  user: 'Usuarios',
  session: 'Sesiones',
  api_key: 'Claves de API',
  job: 'Tareas',
  tenant: 'Inquilinos',
  impersonate: 'Entrar como otro',
  apply: 'Aplicar archivos',
  export: 'Exportación',
  backup: 'Copias de seguridad',
  ban: 'Bloqueos',
  trace: 'Trazas',
  event: 'Eventos',
}

/** What a permission allows to do. */
export const verbs: Record<string, string> = {
  read: 'Ver',
  write: 'Cambiar',
  push: 'Publicar',
  export: 'Exportar',
  use: 'Usar',
  manage: 'Gestionar',
}
