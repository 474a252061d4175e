import { useRouter } from '@tanstack/react-router'
import {
  CircleUserRound,
  Keyboard,
  LogOut,
  Monitor,
  Moon,
  PanelLeft,
  Search,
  Sun,
  UserCog,
} from 'lucide-react'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'

import type { SessionUser } from '~/api/__generated__/schema'
import { ConnectionBadge } from '~/components/ConnectionBadge'
import { Logo } from '~/components/Logo'
import { LANGUAGE_OPTIONS, useLanguage } from '~/hooks/use-language'
import { useRoleName } from '~/hooks/use-role-name'
import { zonePreference } from '~/stores/preferences'
import { useStore } from '~/stores/persistent'
import { useWorkingSet } from '~/stores/working-set'
import { themeChoice, useTheme } from '~/stores/theme'
import { IconButton } from '~/ui/lib/IconButton'
import { Kbd } from '~/ui/lib/Kbd'
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '~/ui/lib/Menu'
import { pb } from '~/util/path-builder'
import { isMac, keyCaps } from '~/util/shortcuts'
import { zoneLabel } from '~/util/time'

export interface GlobalHeaderProps {
  user: SessionUser
  submenuOpen: boolean
  onToggleSubmenu: () => void
  onOpenPalette: () => void
  onOpenHelp: () => void
  onSignOut: () => void
  onLanguageFailure: () => void
}

export function GlobalHeader({
  user,
  submenuOpen,
  onToggleSubmenu,
  onOpenPalette,
  onOpenHelp,
  onSignOut,
  onLanguageFailure,
}: GlobalHeaderProps) {
  const { t } = useTranslation('shell')
  const mac = isMac(navigator.userAgent)
  return (
    <header className="layer-header relative flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface ps-4 pe-3 after:absolute after:inset-x-0 after:-bottom-0.5 after:h-0.5 after:bg-primary">
      <Logo />
      <span className="text-form font-semibold tracking-[-0.01em]">DIDTron</span>
      <span className="hidden text-meta text-ink-3 lg:inline">{t('portal')}</span>
      <IconButton
        icon={PanelLeft}
        label={t('submenu.toggle')}
        keys={keyCaps('submenu', mac).flat().join(' ')}
        aria-expanded={submenuOpen}
        className="ms-2"
        onClick={onToggleSubmenu}
      />
      <div className="flex grow justify-center px-2">
        <button
          type="button"
          onClick={onOpenPalette}
          className="flex h-8 w-full max-w-110 items-center gap-2 rounded-control bg-subtle px-2.5 text-ink-3 shadow-[inset_0_0_0_1px_var(--line)] transition-colors duration-120 hover:bg-hover hover:text-ink-2"
        >
          <Search aria-hidden size={16} strokeWidth={1.75} />
          <span className="grow truncate text-start">{t('search.open')}</span>
          <span aria-hidden className="flex gap-1">
            {keyCaps('palette', mac)
              .flat()
              .map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
          </span>
        </button>
      </div>
      <OpenChangeSet />
      <ConnectionBadge />
      <IconButton icon={Keyboard} label={t('keys.open')} keys="?" onClick={onOpenHelp} />
      <ThemeMenu />
      <UserMenu user={user} onSignOut={onSignOut} onLanguageFailure={onLanguageFailure} />
    </header>
  )
}

/** Fetched only for who works on one. */
const WorkingSetChip = lazy(() => import('./WorkingSetChip'))

function OpenChangeSet() {
  const id = useWorkingSet()
  if (id === null) return null
  return (
    <Suspense>
      <WorkingSetChip id={id} />
    </Suspense>
  )
}

function ThemeMenu() {
  const { t } = useTranslation('shell')
  const choice = useStore(themeChoice)
  const theme = useTheme()
  return (
    <Menu
      trigger={
        <IconButton
          icon={theme === 'dark' ? Moon : Sun}
          label={t('theme.label', { theme: t(`theme.${choice}`) })}
        />
      }
    >
      <MenuChoice
        label={t('theme.label', { theme: t(`theme.${choice}`) })}
        value={choice}
        options={[
          { value: 'light', label: t('theme.light'), icon: Sun },
          { value: 'dark', label: t('theme.dark'), icon: Moon },
          { value: 'system', label: t('theme.system'), icon: Monitor },
        ]}
        onChange={themeChoice.set}
      />
    </Menu>
  )
}

function UserMenu({
  user,
  onSignOut,
  onLanguageFailure,
}: Pick<GlobalHeaderProps, 'user' | 'onSignOut' | 'onLanguageFailure'>) {
  const { t } = useTranslation('shell')
  const zone = useStore(zonePreference)
  const roleName = useRoleName()
  const { language, choose } = useLanguage(onLanguageFailure)
  const router = useRouter()
  return (
    <Menu
      trigger={
        <IconButton icon={CircleUserRound} label={t('user.menu', { name: user.username })} />
      }
    >
      <div className="px-2 pt-1 pb-2">
        <p className="text-form font-medium">{user.username}</p>
        <p className="text-meta text-ink-3">{roleName(user.role)}</p>
      </div>
      <MenuSeparator />
      <MenuLabel>{t('zone.label')}</MenuLabel>
      <MenuChoice
        label={t('zone.label')}
        value={zone}
        options={[
          { value: 'local', label: t('zone.local', { zone: zoneLabel('local') }) },
          { value: 'utc', label: t('zone.utc') },
        ]}
        onChange={zonePreference.set}
      />
      <MenuSeparator />
      <MenuLabel>{t('language.label')}</MenuLabel>
      <MenuChoice
        label={t('language.label')}
        value={language}
        options={LANGUAGE_OPTIONS}
        onChange={choose}
      />
      <MenuSeparator />
      <MenuItem icon={UserCog} onSelect={() => void router.navigate(pb.account())}>
        {t('user.account')}
      </MenuItem>
      <MenuItem icon={LogOut} onSelect={onSignOut}>
        {t('user.signOut')}
      </MenuItem>
    </Menu>
  )
}
