import { ChevronLeft, ChevronRight, ChevronsLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Pages } from '~/hooks/use-pages'
import { Button } from '~/ui/lib/Button'

export interface PagerProps {
  pages: Pages
  /** Said at the start of the line. */
  children?: ReactNode
}

/** The foot of a list: newest, newer, older. Nothing but the count when there is one page. */
export function Pager({ pages, children }: PagerProps) {
  const { t } = useTranslation('lists')
  const isOnly = pages.isFirst && !pages.older
  return (
    <nav
      aria-label={t('pager.label')}
      className="flex h-11 shrink-0 items-center gap-2 border-t border-line bg-surface px-5 text-meta text-ink-3"
    >
      <span className="me-auto tabular-nums">{children}</span>
      {isOnly ? null : (
        <>
          <Button size="toolbar" disabled={pages.isFirst} onClick={pages.newest}>
            <ChevronsLeft aria-hidden size={14} />
            {t('pager.newest')}
          </Button>
          <Button size="toolbar" disabled={!pages.newer} onClick={pages.newer ?? undefined}>
            <ChevronLeft aria-hidden size={14} />
            {t('pager.newer')}
          </Button>
          <Button size="toolbar" disabled={!pages.older} onClick={pages.older ?? undefined}>
            {t('pager.older')}
            <ChevronRight aria-hidden size={14} />
          </Button>
        </>
      )}
    </nav>
  )
}
