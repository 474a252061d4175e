import type { LinkOptions } from '@tanstack/react-router'
import {
  Activity,
  ChartColumn,
  type LucideIcon,
  PhoneCall,
  Server,
  SlidersHorizontal,
  UsersRound,
  Waypoints,
} from 'lucide-react'

import type { shell } from '~/i18n/en/shell'
import { pb } from '~/util/path-builder'

export type SectionId = keyof (typeof shell)['section']

export interface Section {
  id: SectionId
  icon: LucideIcon
  /** Paths that belong to the section begin with this. */
  prefix: string
  link: LinkOptions
  /** What one must be allowed to see anything of it; any of these. */
  needs: readonly string[]
  /** The end of the rail, apart from the others. */
  atEnd?: boolean
}

/** What stands in the rail, in order. Only what works stands here. */
export const SECTIONS: readonly Section[] = [
  { id: 'monitoring', icon: Activity, prefix: '/live', link: pb.live(), needs: ['live.read'] },
  { id: 'calls', icon: PhoneCall, prefix: '/cdrs', link: pb.cdrs(), needs: ['cdr.read'] },
  {
    id: 'reports',
    icon: ChartColumn,
    prefix: '/reports',
    link: pb.reports(),
    needs: ['report.read'],
  },
  {
    id: 'routing',
    icon: Waypoints,
    prefix: '/explain',
    link: pb.explain(),
    needs: ['explain.use'],
  },
  {
    id: 'configuration',
    icon: SlidersHorizontal,
    prefix: '/configuration',
    link: pb.configuration(),
    needs: ['customer.read'],
  },
  {
    id: 'people',
    icon: UsersRound,
    prefix: '/people',
    link: pb.users(),
    needs: ['user.read'],
    atEnd: true,
  },
  {
    id: 'system',
    icon: Server,
    prefix: '/system',
    link: pb.system(),
    needs: ['status.read', 'job.read'],
    atEnd: true,
  },
]

export type PageId = keyof (typeof shell)['page']

export interface Page {
  id: PageId
  section: SectionId
  group: keyof (typeof shell)['group']
  link: LinkOptions
}

/** The pages of the sections. Those of each kind of resource are added to the configuration's. */
export const PAGES: readonly Page[] = [
  { id: 'dashboard', section: 'monitoring', group: 'live', link: pb.live() },
  { id: 'liveCalls', section: 'monitoring', group: 'live', link: pb.liveCalls() },
  { id: 'cdrs', section: 'calls', group: 'records', link: pb.cdrs() },
  {
    id: 'cdrsAnswered',
    section: 'calls',
    group: 'records',
    link: pb.cdrs({ outcome: 'answered' }),
  },
  { id: 'cdrsFailed', section: 'calls', group: 'records', link: pb.cdrs({ outcome: 'failed' }) },
  {
    id: 'cdrsRejected',
    section: 'calls',
    group: 'records',
    link: pb.cdrs({ outcome: 'rejected' }),
  },
  {
    id: 'cdrsCancelled',
    section: 'calls',
    group: 'records',
    link: pb.cdrs({ outcome: 'cancelled' }),
  },
  { id: 'trafficReport', section: 'reports', group: 'reports', link: pb.reports() },
  { id: 'reratings', section: 'reports', group: 'reports', link: pb.reratings() },
  { id: 'nettings', section: 'reports', group: 'reports', link: pb.nettings() },
  { id: 'exchange', section: 'reports', group: 'reports', link: pb.exchange() },
  { id: 'exchangeReport', section: 'reports', group: 'reports', link: pb.exchangeReport() },
  { id: 'explain', section: 'routing', group: 'tools', link: pb.explain() },
  { id: 'changeSets', section: 'configuration', group: 'changes', link: pb.changeSets() },
  { id: 'apply', section: 'configuration', group: 'changes', link: pb.apply() },
  { id: 'users', section: 'people', group: 'team', link: pb.users() },
  { id: 'invitations', section: 'people', group: 'team', link: pb.invitations() },
  { id: 'registrations', section: 'people', group: 'team', link: pb.registrations() },
  { id: 'tenants', section: 'people', group: 'tenancy', link: pb.tenants() },
  { id: 'apiKeys', section: 'people', group: 'programs', link: pb.apiKeys() },
  { id: 'audit', section: 'people', group: 'evidence', link: pb.audit() },
  { id: 'node', section: 'system', group: 'health', link: pb.system() },
  { id: 'jobs', section: 'system', group: 'background', link: pb.jobs() },
  { id: 'schedules', section: 'system', group: 'background', link: pb.schedules() },
  { id: 'events', section: 'system', group: 'events', link: pb.events() },
  { id: 'deliveries', section: 'system', group: 'events', link: pb.deliveries() },
]

export function sectionOf(pathname: string): Section | undefined {
  return SECTIONS.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
}

/** The sections that somebody may see. */
export function sectionsFor(permissions: readonly string[]): Section[] {
  return SECTIONS.filter(({ needs }) => needs.some((each) => permissions.includes(each)))
}

/** Where somebody begins: the first section that may be seen, or the own account. */
export function firstPage(permissions: readonly string[]): LinkOptions {
  return sectionsFor(permissions)[0]?.link ?? pb.account()
}
