import { linkOptions } from '@tanstack/react-router'

import type {
  AuditSearch,
  CdrsSearch,
  ChangeSetSearch,
  ChangeSetsSearch,
  DeliveriesSearch,
  EventsSearch,
  ExplainSearch,
  JobsSearch,
  ReportsSearch,
  ResourceSearch,
  ResourcesSearch,
  UsersSearch,
} from './searches'
import { targetOf } from './target'

/** Every link of the console. Nobody else writes a path. */
export const pb = {
  home: () => linkOptions({ to: '/' }),
  live: () => linkOptions({ to: '/live' }),
  liveCalls: (cursor?: string) => linkOptions({ to: '/live/calls', search: { cursor } }),
  cdrs: (search: CdrsSearch = {}) => linkOptions({ to: '/cdrs', search }),
  cdr: (id: string) => linkOptions({ to: '/cdrs/$id', params: { id } }),
  reports: (search: ReportsSearch = {}) => linkOptions({ to: '/reports', search }),
  exchange: () => linkOptions({ to: '/reports/exchange-rates' }),
  exchangeReport: () => linkOptions({ to: '/reports/exchange-differences' }),
  nettings: () => linkOptions({ to: '/reports/nettings' }),
  netting: (id: number) => linkOptions({ to: '/reports/nettings/$id', params: { id: String(id) } }),
  reratings: () => linkOptions({ to: '/reports/reratings' }),
  rerating: (id: number) =>
    linkOptions({ to: '/reports/reratings/$id', params: { id: String(id) } }),
  explain: (search: ExplainSearch = {}) => linkOptions({ to: '/explain', search }),
  configuration: () => linkOptions({ to: '/configuration' }),
  apply: () => linkOptions({ to: '/configuration/apply' }),
  resources: (kind: string, search: ResourcesSearch = {}) =>
    linkOptions({ to: '/configuration/$kind', params: { kind }, search }),
  newResource: (kind: string, search: ResourceSearch = {}) =>
    linkOptions({ to: '/configuration/$kind/new', params: { kind }, search }),
  resource: (kind: string, name: string, search: ResourceSearch = {}) =>
    linkOptions({
      to: '/configuration/$kind/$name',
      params: { kind, name: targetOf(name) },
      search,
    }),
  changeSets: (search: ChangeSetsSearch = {}) =>
    linkOptions({ to: '/configuration/change-sets', search }),
  changeSet: (id: number, search: ChangeSetSearch = {}) =>
    linkOptions({ to: '/configuration/change-sets/$id', params: { id: String(id) }, search }),
  users: (search: UsersSearch = {}) => linkOptions({ to: '/people/users', search }),
  user: (id: number) => linkOptions({ to: '/people/users/$id', params: { id: String(id) } }),
  invitations: () => linkOptions({ to: '/people/invitations' }),
  registrations: () => linkOptions({ to: '/people/registrations' }),
  tenants: () => linkOptions({ to: '/people/tenants' }),
  apiKeys: () => linkOptions({ to: '/people/api-keys' }),
  audit: (search: AuditSearch = {}) => linkOptions({ to: '/people/audit', search }),
  jobs: (search: JobsSearch = {}) => linkOptions({ to: '/system/jobs', search }),
  job: (id: number | string) => linkOptions({ to: '/system/jobs/$id', params: { id: String(id) } }),
  schedules: () => linkOptions({ to: '/system/schedules' }),
  deliveries: (search: DeliveriesSearch = {}) =>
    linkOptions({ to: '/system/notifications', search }),
  events: (search: EventsSearch = {}) => linkOptions({ to: '/system/events', search }),
  account: () => linkOptions({ to: '/account' }),
  accountSecurity: () => linkOptions({ to: '/account/security' }),
  accountSessions: () => linkOptions({ to: '/account/sessions' }),
  system: () => linkOptions({ to: '/system' }),
  register: () => linkOptions({ to: '/register' }),
  forgotPassword: () => linkOptions({ to: '/forgot-password' }),
  signIn: (next?: string) => linkOptions({ to: '/sign-in', search: { next } }),
}
