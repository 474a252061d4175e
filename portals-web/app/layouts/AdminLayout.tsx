import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Outlet, useLocation, useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'

import type { Session } from '~/api/__generated__/schema'
import { sessionQuery, signOut } from '~/api/queries'
import { LiveFeedContext, useOwnLiveFeed } from '~/hooks/use-live-feed'
import { useMediaQuery } from '~/hooks/use-media-query'
import { useShortcut, useShortcutListener } from '~/hooks/use-shortcut'
import { submenuPreference } from '~/stores/preferences'
import { useStore } from '~/stores/persistent'
import { TooltipProvider } from '~/ui/lib/Tooltip'
import { pb } from '~/util/path-builder'

import { GlobalHeader } from './GlobalHeader'
import { sectionOf, sectionsFor } from './navigation'
import { Rail } from './Rail'
import { Submenu } from './Submenu'
import { Toasts } from './Toasts'
import { useIdentityPrompt } from './use-identity-prompt'
import { useLayers } from './use-layers'

/** Fetched only for who visits another tenant. */
const VisitBanner = lazy(() => import('./VisitBanner'))

/**
 * The signed-in shell: header, rail, submenu, page.
 *
 * The column of the page is where the workspace tabs (above the page) and the action dock (over its
 * lower end) will stand.
 */
export default function AdminLayout() {
  const session = useSession()
  return session ? <Shell session={session} /> : null
}

function Shell({ session }: { session: Session }) {
  const { t } = useTranslation('shell')
  const { pathname } = useLocation()
  const section = sectionOf(pathname)
  const [overlay, setOverlay] = useState<'none' | 'palette' | 'help'>('none')
  const answerIdentity = useIdentityPrompt()
  const layers = useLayers(overlay !== 'none' || answerIdentity !== null)
  const [failure, setFailure] = useState<'signOut' | 'language' | null>(null)
  const submenu = useSubmenu()
  const { isLeaving, leave } = useSignOut()
  const feed = useOwnLiveFeed(!isLeaving)
  const mainRef = useMainFocus(pathname)

  useShortcutListener()
  useGoShortcuts()
  useShortcut('palette', () => setOverlay('palette'))
  useShortcut('help', () => setOverlay('help'))
  useShortcut('submenu', submenu.toggle)

  const onSignOut = () => {
    setFailure(null)
    leave().catch(() => setFailure('signOut'))
  }

  return (
    <LiveFeedContext value={feed}>
      <TooltipProvider delayDuration={400}>
        <a
          href="#main"
          className="layer-popover absolute start-4 top-2 -translate-y-16 rounded-control bg-primary px-3 py-1.5 text-on-primary focus:translate-y-0"
        >
          {t('skipToContent')}
        </a>
        <div className="flex h-full flex-col">
          <GlobalHeader
            user={session.user}
            submenuOpen={submenu.isOpen}
            onToggleSubmenu={submenu.toggle}
            onOpenPalette={() => setOverlay('palette')}
            onOpenHelp={() => setOverlay('help')}
            onSignOut={onSignOut}
            onLanguageFailure={() => setFailure('language')}
          />
          {session.visit ? (
            <Suspense>
              <VisitBanner session={session} />
            </Suspense>
          ) : null}
          {failure ? (
            <p role="alert" className="bg-badge-danger-bg px-5 py-2 text-badge-danger">
              {t(failure === 'signOut' ? 'user.signOutFailed' : 'language.failed')}
            </p>
          ) : null}
          <div className="relative flex min-h-0 grow">
            <Rail active={section?.id} sections={sectionsFor(session.permissions)} />
            {section && submenu.isOpen ? (
              <Submenu section={section.id} overlay={submenu.isOverlay} onLeave={submenu.close} />
            ) : null}
            <main
              id="main"
              ref={mainRef}
              tabIndex={-1}
              onPointerDown={submenu.isOverlay ? submenu.close : undefined}
              className="flex min-w-0 grow flex-col overflow-y-auto outline-none"
            >
              {isLeaving ? null : <Outlet />}
            </main>
          </div>
        </div>
        <Toasts />
        {layers && overlay === 'palette' ? (
          <layers.CommandPalette
            onClose={() => setOverlay('none')}
            onSignOut={onSignOut}
            onLanguageFailure={() => setFailure('language')}
          />
        ) : null}
        {layers && answerIdentity ? <layers.IdentityDialog onAnswer={answerIdentity} /> : null}
        {layers && overlay === 'help' ? (
          <layers.KeyboardHelp onClose={() => setOverlay('none')} />
        ) : null}
      </TooltipProvider>
    </LiveFeedContext>
  )
}

/** The session; when it is over, the way to the sign-in page and back here after it. */
function useSession(): Session | null {
  const { data } = useQuery(sessionQuery)
  const router = useRouter()
  const isOver = data === null
  useEffect(() => {
    if (isOver) void router.navigate({ ...pb.signIn(router.state.location.href), replace: true })
  }, [isOver, router])
  return data ?? null
}

/** Ends the session. Meanwhile no page is shown, because a page goes on asking, and would be refused. */
function useSignOut() {
  const client = useQueryClient()
  const router = useRouter()
  const [isLeaving, setLeaving] = useState(false)
  const leave = async () => {
    flushSync(() => setLeaving(true))
    try {
      await client.cancelQueries()
      await signOut()
      await router.navigate(pb.signIn())
      client.clear()
      client.setQueryData(sessionQuery.queryKey, null)
    } finally {
      setLeaving(false)
    }
  }
  return { isLeaving, leave }
}

/** Wide screens keep the submenu beside the page, by choice; narrower ones lay it over the page. */
function useSubmenu() {
  const isOverlay = !useMediaQuery('(min-width: 1440px)')
  const preference = useStore(submenuPreference)
  const [overlayOpen, setOverlayOpen] = useState(false)
  return {
    isOverlay,
    isOpen: isOverlay ? overlayOpen : preference === 'open',
    close: () => setOverlayOpen(false),
    toggle: () => {
      if (isOverlay) setOverlayOpen(!overlayOpen)
      else submenuPreference.set(preference === 'open' ? 'closed' : 'open')
    },
  }
}

/** After a change of page the focus goes to the page, so that reading goes on there. */
function useMainFocus(pathname: string) {
  const ref = useRef<HTMLElement>(null)
  const previous = useRef(pathname)
  useEffect(() => {
    if (previous.current === pathname) return
    previous.current = pathname
    ref.current?.focus({ preventScroll: true })
    ref.current?.scrollTo(0, 0)
  }, [pathname])
  return ref
}

function useGoShortcuts(): void {
  const router = useRouter()
  useShortcut('goLive', () => void router.navigate(pb.live()))
  useShortcut('goCalls', () => void router.navigate(pb.liveCalls()))
  useShortcut('goCdrs', () => void router.navigate(pb.cdrs()))
  useShortcut('goExplain', () => void router.navigate(pb.explain()))
  useShortcut('goConfiguration', () => void router.navigate(pb.configuration()))
  useShortcut('goSystem', () => void router.navigate(pb.system()))
}
