import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'

import { resourcesQuery, sessionQuery } from '~/api/queries'
import { CrashPage } from '~/pages/CrashPage'
import NotFoundPage from '~/pages/NotFoundPage'
import { pb } from '~/util/path-builder'
import { parseSearch, stringifySearch } from '~/util/search-params'
import {
  cdrsSearch,
  explainSearch,
  liveCallsSearch,
  resourcesSearch,
  signInSearch,
} from '~/util/searches'

/** The whole map of the console. Each page is a chunk of its own. */

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({ component: Outlet })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('~/pages/SignInPage')),
})

/** Everything that wants a session. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery)
    // oxlint-disable-next-line typescript/only-throw-error -- The router's way to say it.
    if (!session) throw redirect(pb.signIn(location.href === '/' ? undefined : location.href))
  },
  component: lazyRouteComponent(() => import('~/layouts/AdminLayout')),
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- As above.
    throw redirect({ ...pb.live(), replace: true })
  },
})

const live = createRoute({
  getParentRoute: () => shell,
  path: '/live',
  component: lazyRouteComponent(() => import('~/pages/admin/live/LivePage')),
})

const liveCalls = createRoute({
  getParentRoute: () => shell,
  path: '/live/calls',
  validateSearch: liveCallsSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/live/LiveCallsPage')),
})

const cdrs = createRoute({
  getParentRoute: () => shell,
  path: '/cdrs',
  validateSearch: cdrsSearch,
  component: lazyRouteComponent(() => import('~/pages/admin/cdrs/CdrsPage')),
})

const cdr = createRoute({
  getParentRoute: () => shell,
  path: '/cdrs/$id',
  component: lazyRouteComponent(() => import('~/pages/admin/cdrs/CdrPage')),
})

const explain = createRoute({
  getParentRoute: () => shell,
  path: '/explain',
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
  component: lazyRouteComponent(() => import('~/pages/admin/apply/ApplyPage')),
})

const resources = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/$kind',
  validateSearch: resourcesSearch,
  loader: ({ context }) => void context.queryClient.prefetchQuery(resourcesQuery),
  component: lazyRouteComponent(() => import('~/pages/admin/configuration/ResourcesPage')),
})

const resource = createRoute({
  getParentRoute: () => shell,
  path: '/configuration/$kind/$name',
  component: lazyRouteComponent(() => import('~/pages/admin/configuration/ResourcePage')),
})

const system = createRoute({
  getParentRoute: () => shell,
  path: '/system',
  component: lazyRouteComponent(() => import('~/pages/admin/system/SystemPage')),
})

/** Unknown addresses of a signed-in user; the shell stays around the message. */
const unknown = createRoute({
  getParentRoute: () => shell,
  path: '$',
  component: NotFoundPage,
})

const routeTree = root.addChildren([
  signIn,
  shell.addChildren([
    home,
    live,
    liveCalls,
    cdrs,
    cdr,
    explain,
    configuration,
    apply,
    resources,
    resource,
    system,
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
