import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { useTranslation } from 'react-i18next'

import { Tooltip } from '~/ui/lib/Tooltip'

import { type Section, type SectionId } from './navigation'

export interface RailProps {
  active: SectionId | undefined
  sections: readonly Section[]
}

/** One icon for each section. */
export function Rail({ active, sections }: RailProps) {
  const { t } = useTranslation('shell')
  return (
    <nav
      aria-label={t('primaryNavigation')}
      className="flex w-14 shrink-0 flex-col items-center gap-1 border-e border-line bg-surface py-2"
    >
      {sections
        .filter(({ atEnd }) => !atEnd)
        .map((section) => (
          <RailLink key={section.id} section={section} isActive={section.id === active} />
        ))}
      <div className="grow" />
      {sections
        .filter(({ atEnd }) => atEnd)
        .map((section) => (
          <RailLink key={section.id} section={section} isActive={section.id === active} />
        ))}
    </nav>
  )
}

function RailLink({ section, isActive }: { section: Section; isActive: boolean }) {
  const { t } = useTranslation('shell')
  const { id, icon: Icon, link } = section
  return (
    <Tooltip content={t(`section.${id}`)} side="right">
      <Link
        {...link}
        preload="intent"
        aria-label={t(`section.${id}`)}
        aria-current={isActive ? 'true' : undefined}
        className={clsx(
          'relative flex size-10 items-center justify-center rounded-control transition-colors duration-120',
          isActive
            ? 'bg-selected text-link before:absolute before:inset-y-2 before:-start-2 before:w-0.5 before:rounded-full before:bg-primary'
            : 'text-ink-2 hover:bg-hover hover:text-ink',
        )}
      >
        <Icon aria-hidden size={18} strokeWidth={1.75} />
      </Link>
    </Tooltip>
  )
}
