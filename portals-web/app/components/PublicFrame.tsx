import type { LucideIcon } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Logo } from '~/components/Logo'
import { LANGUAGE_OPTIONS, useLanguage } from '~/hooks/use-language'
import { Segmented } from '~/ui/lib/Segmented'
import { TooltipProvider } from '~/ui/lib/Tooltip'

export interface PublicFrameProps {
  title: string
  /** What it is about, below the title. */
  lead?: string | undefined
  children: ReactNode
}

/** The frame of the pages that need no session: the mark, a title, and one card. */
export function PublicFrame({ title, lead, children }: PublicFrameProps) {
  return (
    <TooltipProvider delayDuration={400}>
      <main className="flex min-h-full flex-col items-center px-4 pt-[14vh] pb-16">
        <Logo size={40} />
        <h1 className="mt-5 text-center text-page font-semibold tracking-[-0.01em]">{title}</h1>
        {lead ? <p className="mt-1 max-w-88 text-center text-form text-ink-2">{lead}</p> : null}
        {children}
        <LanguageChoice />
      </main>
    </TooltipProvider>
  )
}

/** Before the sign-in nobody's menu is there yet. */
function LanguageChoice() {
  const { t } = useTranslation('shell')
  const [isFailed, setFailed] = useState(false)
  const { language, choose } = useLanguage(() => setFailed(true))
  return (
    <footer className="mt-8 flex flex-col items-center gap-2">
      <Segmented
        label={t('language.label')}
        value={language}
        options={LANGUAGE_OPTIONS}
        onChange={(next) => {
          setFailed(false)
          choose(next)
        }}
      />
      {isFailed ? (
        <p role="alert" className="text-danger">
          {t('language.failed')}
        </p>
      ) : null}
    </footer>
  )
}

/** How the one card looks: a form, or what became of it. */
export const PUBLIC_CARD =
  'mt-6 flex w-full max-w-88 flex-col gap-4 rounded-panel border border-line bg-surface p-6'

export interface EndStateProps {
  icon: LucideIcon
  /** Good news, or the end of the way. */
  tone?: 'success' | 'warning'
  title: string
  children: ReactNode
  /** Where it goes on. */
  action?: ReactNode
}

/** What became of it, what happens next, and where it goes on. */
export function EndState({ icon: Icon, tone = 'success', title, children, action }: EndStateProps) {
  return (
    <div role="status" className={`${PUBLIC_CARD} items-center text-center`}>
      <span
        className={`flex size-10 items-center justify-center rounded-full ${
          tone === 'success'
            ? 'bg-badge-success-bg text-badge-success'
            : 'bg-badge-warning-bg text-badge-warning'
        }`}
      >
        <Icon aria-hidden size={20} strokeWidth={1.75} />
      </span>
      <div className="flex flex-col gap-1">
        <p className="text-form font-medium">{title}</p>
        <p className="text-body text-ink-2">{children}</p>
      </div>
      {action}
    </div>
  )
}
