import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import { PageHeader } from '~/components/PageHeader'
import { useTitle } from '~/hooks/use-title'
import { pb } from '~/util/path-builder'

const TABS = [
  { id: 'profile', link: pb.account() },
  { id: 'security', link: pb.accountSecurity() },
  { id: 'sessions', link: pb.accountSessions() },
] as const

/** The head of the account's pages. */
export function AccountTabs({ active }: { active: (typeof TABS)[number]['id'] }) {
  const { t } = useTranslation('account')
  useTitle(t(`tab.${active}`), t('title'))
  return (
    <>
      <PageHeader title={t('title')} />
      <nav
        aria-label={t('tab.label')}
        className="layer-tabs sticky top-0 flex shrink-0 gap-5 border-b border-line bg-surface px-5"
      >
        {TABS.map(({ id, link }) => (
          <Link
            key={id}
            {...link}
            aria-current={id === active ? 'page' : undefined}
            className={clsx(
              'flex h-10 shrink-0 items-center border-b-2 font-medium',
              id === active
                ? 'border-primary text-ink'
                : 'border-transparent text-ink-2 hover:text-ink',
            )}
          >
            {t(`tab.${id}`)}
          </Link>
        ))}
      </nav>
    </>
  )
}
