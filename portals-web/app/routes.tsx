import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'

import { sessionQuery } from '~/api/queries'
import { kindsQuery } from '~/api/kinds'
import { type Area, loadTexts } from '~/i18n'
import { firstPage } from '~/layouts/navigation'
import { CrashPage } from '~/pages/CrashPage'
import NotFoundPage from '~/pages/NotFoundPage'
import { pb } from '~/util/path-builder'
import { parseSearch, stringifySearch } from '~/util/search-params'
import {
  auditSearch,
  cdrsSearch,
  changeSetSearch,
  changeSetsSearch,
  deliveriesSearch,
  eventsSearch,
  explainSearch,
  jobsSearch,
  reportsSearch,
  liveCallsSearch,
  pagedSearch,
  resourceSearch,
  resourcesSearch,
  signInSearch,
  usersSearch,
} from '~/util/searches'

/** The whole map of the console. Each page is a chunk of its own, and so are the texts of an area. */

const texts =
  (...areas: Area[]) =>
  () =>
    loadTexts(...areas)

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({ component: Outlet })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  loader: texts('signIn'),
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('~/pages/SignInPage')),
})

/** Those that mails lead to have the addresses that the switch writes. */
const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  loader: texts('welcome'),
  component: lazyRouteComponent(() => import('~/pages/public/RegisterPage')),
})

const registration = createRoute({
  getParentRoute: () => root,
  path: '/registration',
  loader: texts('welcome'),
  component: lazyRouteComponent(() => import('~/pages/public/RegistrationPage')),
})

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  loader: texts('welcome'),
  component: lazyRouteComponent(() => import('~/pages/public/InvitationPage')),
})

const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: '/email-verification',
  loader: texts('welcome'),
  component: lazyRouteComponent(() => import('~/pages/public/VerifyEmailPage')),
})

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  loader: texts('welcome'),
  component: lazyRouteComponent(() => import('~/pages/public/ForgotPasswordPage')),
})

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/password-reset',
  loader: texts('welcome'),
  component: lazyRouteComponent(() => import('~/pages/public/ResetPasswordPage')),
})

/** Everything that wants a session. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery)
    // oxlint-disable-next-line typescript/only-throw-error -- The router's way to say it.
    if (!session) throw redirect(pb.signIn(location.href === '/' ? undefined : location.href))
    const { to } = pb.accountSecurity()
    if (session.second_factor_required && location.pathname !== to) {
      // oxlint-disable-next-line typescript/only-throw-error -- As above.
      throw redirect({ to, replace: true })
    }
  },
  component: lazyRouteComponent(() => import('~/layouts/AdminLayout')),
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: ({ context }) => {
    const session = context.queryClient.getQueryData(sessionQuery.queryKey)
    // oxlint-disable-next-line typescript/only-throw-error -- As above.
    throw redirect({ ...firstPage(session?.permissions ?? []), replace: true })
  },
})

const live = createRoute({
  getParentRoute: () => shell,
  path: '/live',
  loader: texts('live'),
  component: lazyRouteComponent(() => import('~/pages/admin/live/LivePage')),
})

const liveCalls = createRoute({
  getParentRoute: () => shell,
  path: '/live/calls',
  loader: texts('live', 'lists'),
  validateSearch: liveCallsSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/live/LiveCallsPage')),
})

const cdrs = createRoute({
  getParentRoute: () => shell,
  path: '/cdrs',
  loader: texts('cdrs', 'lists'),
  validateSearch: cdrsSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/cdrs/CdrsPage')),
})

const cdr = createRoute({
  getParentRoute: () => shell,
  path: '/cdrs/$id',
  loader: texts('cdrs'),
  component: lazyRouteComponent(() => import('~/pages/admin/cdrs/CdrPage')),
})

const reports = createRoute({
  getParentRoute: () => shell,
  path: '/reports',
  loader: texts('reports', 'cdrs', 'lists'),
  validateSearch: reportsSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/reports/ReportsPage')),
})

const reratings = createRoute({
  getParentRoute: () => shell,
  path: '/reports/reratings',
  loader: texts('reratings', 'lists'),
  validateSearch: pagedSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/reratings/ReratingsPage')),
})

const rerating = createRoute({
  getParentRoute: () => shell,
  path: '/reports/reratings/$id',
  loader: texts('reratings'),
  component: lazyRouteComponent(() => import('~/pages/admin/reratings/ReratingPage')),
})

const nettings = createRoute({
  getParentRoute: () => shell,
  path: '/reports/nettings',
  loader: texts('nettings', 'lists'),
  validateSearch: pagedSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/nettings/NettingsPage')),
})

const netting = createRoute({
  getParentRoute: () => shell,
  path: '/reports/nettings/$id',
  loader: texts('nettings'),
  component: lazyRouteComponent(() => import('~/pages/admin/nettings/NettingPage')),
})

const exchange = createRoute({
  getParentRoute: () => shell,
  path: '/reports/exchange-rates',
  loader: texts('exchange'),
  component: lazyRouteComponent(() => import('~/pages/admin/exchange/ExchangePage')),
})

const exchangeReport = createRoute({
  getParentRoute: () => shell,
  path: '/reports/exchange-differences',
  loader: texts('exchangeReport'),
  component: lazyRouteComponent(() => import('~/pages/admin/exchange/ExchangeReportPage')),
})

const explain = createRoute({
  getParentRoute: () => shell,
  path: '/explain',
  loader: texts('explain', 'cdrs', 'fields'),
  validateSearch: explainSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/explain/ExplainPage')),
})

const configuration = createRoute({
  getParentRoute: () => shell,
  path: '/configuration',
  beforeLoad: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- As above.
    throw redirect({ ...pb.resources('customer'), replace: true })
  },
})

const apply = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/apply',
  loader: texts('apply', 'configuration'),
  component: lazyRouteComponent(() => import('~/pages/admin/apply/ApplyPage')),
})

/** The kinds and their texts come together. */
const ofKinds = async ({ context }: { context: { queryClient: QueryClient } }) => {
  void context.queryClient.prefetchQuery(kindsQuery)
  await loadTexts('configuration', 'changeSets', 'lists', 'fields', 'apply', 'events', 'ledger')
}

const changeSets = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/change-sets',
  validateSearch: changeSetsSearch,
  loader: texts('changeSets', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/change-sets/ChangeSetsPage')),
})

const changeSet = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/change-sets/$id',
  validateSearch: changeSetSearch,
  loader: texts('changeSets', 'lists', 'apply'),
  component: lazyRouteComponent(() => import('~/pages/admin/change-sets/ChangeSetPage')),
})

const resources = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/$kind',
  validateSearch: resourcesSearch,
  loader: ofKinds,
  component: lazyRouteComponent(() => import('~/pages/admin/configuration/ResourcesPage')),
})

const newResource = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/$kind/new',
  validateSearch: resourceSearch,
  loader: ofKinds,
  component: lazyRouteComponent(() => import('~/pages/admin/configuration/NewResourcePage')),
})

const resource = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/$kind/$name',
  validateSearch: resourceSearch,
  loader: ofKinds,
  component: lazyRouteComponent(() => import('~/pages/admin/configuration/ResourcePage')),
})

const system = createRoute({
  getParentRoute: () => shell,
  path: '/system',
  loader: texts('system'),
  component: lazyRouteComponent(() => import('~/pages/admin/system/SystemPage')),
})

const jobs = createRoute({
  getParentRoute: () => shell,
  path: '/system/jobs',
  validateSearch: jobsSearch,
  loader: texts('jobs', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/jobs/JobsPage')),
})

const job = createRoute({
  getParentRoute: () => shell,
  path: '/system/jobs/$id',
  loader: texts('jobs'),
  component: lazyRouteComponent(() => import('~/pages/admin/jobs/JobPage')),
})

const schedules = createRoute({
  getParentRoute: () => shell,
  path: '/system/schedules',
  loader: texts('jobs'),
  component: lazyRouteComponent(() => import('~/pages/admin/jobs/SchedulesPage')),
})

const events = createRoute({
  getParentRoute: () => shell,
  path: '/system/events',
  validateSearch: eventsSearch,
  loader: texts('events', 'lists', 'cdrs'),
  component: lazyRouteComponent(() => import('~/pages/admin/events/EventsPage')),
})

const deliveries = createRoute({
  getParentRoute: () => shell,
  path: '/system/notifications',
  validateSearch: deliveriesSearch,
  loader: texts('events', 'lists', 'cdrs'),
  component: lazyRouteComponent(() => import('~/pages/admin/events/DeliveriesPage')),
})

const users = createRoute({
  getParentRoute: () => shell,
  path: '/people/users',
  validateSearch: usersSearch,
  loader: texts('people', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/people/UsersPage')),
})

const user = createRoute({
  getParentRoute: () => shell,
  path: '/people/users/$id',
  loader: texts('people'),
  component: lazyRouteComponent(() => import('~/pages/admin/people/UserPage')),
})

const invitations = createRoute({
  getParentRoute: () => shell,
  path: '/people/invitations',
  validateSearch: pagedSearch,
  loader: texts('people', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/people/InvitationsPage')),
})

const registrations = createRoute({
  getParentRoute: () => shell,
  path: '/people/registrations',
  validateSearch: pagedSearch,
  loader: texts('people', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/people/RegistrationsPage')),
})

const tenants = createRoute({
  getParentRoute: () => shell,
  path: '/people/tenants',
  validateSearch: pagedSearch,
  loader: texts('people', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/people/TenantsPage')),
})

const apiKeys = createRoute({
  getParentRoute: () => shell,
  path: '/people/api-keys',
  validateSearch: pagedSearch,
  loader: texts('access', 'lists'),
  component: lazyRouteComponent(() => import('~/pages/admin/api-keys/ApiKeysPage')),
})

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/people/audit',
  validateSearch: auditSearch,
  loader: texts('access', 'lists', 'cdrs', 'apply'),
  component: lazyRouteComponent(() => import('~/pages/admin/audit/AuditPage')),
})

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  loader: texts('account'),
  component: lazyRouteComponent(() => import('~/pages/admin/account/AccountPage')),
})

const security = createRoute({
  getParentRoute: () => shell,
  path: '/account/security',
  loader: texts('account'),
  component: lazyRouteComponent(() => import('~/pages/admin/account/SecurityPage')),
})

const sessions = createRoute({
  getParentRoute: () => shell,
  path: '/account/sessions',
  loader: texts('account'),
  component: lazyRouteComponent(() => import('~/pages/admin/account/SessionsPage')),
})

/** Unknown addresses of a signed-in user; the shell stays around the message. */
const unknown = createRoute({
  getParentRoute: () => shell,
  path: '$',
  component: NotFoundPage,
})

const routeTree = root.addChildren([
  signIn,
  register,
  registration,
  invitation,
  verifyEmail,
  forgotPassword,
  resetPassword,
  shell.addChildren([
    home,
    live,
    liveCalls,
    cdrs,
    cdr,
    reports,
    reratings,
    rerating,
    nettings,
    netting,
    exchange,
    exchangeReport,
    explain,
    configuration,
    apply,
    changeSets,
    changeSet,
    resources,
    newResource,
    resource,
    system,
    jobs,
    job,
    schedules,
    events,
    deliveries,
    users,
    user,
    invitations,
    registrations,
    tenants,
    apiKeys,
    audit,
    account,
    security,
    sessions,
    unknown,
  ]),
])

export function buildRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultErrorComponent: ({ error, reset }) => <CrashPage error={error} reset={reset} />,
    defaultNotFoundComponent: NotFoundPage,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof buildRouter>
  }
  interface HistoryState {
    /** Cursors of the pages before this one, oldest first; '' is the first page. */
    trail?: string[]
  }
}
