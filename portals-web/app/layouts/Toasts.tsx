import { CircleCheck, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { dismiss, useToasts } from '~/stores/toasts'

/** What was done, at the lower left: the dock owns the right. */
export function Toasts() {
  const { t } = useTranslation()
  const toasts = useToasts()
  return (
    <div
      role="status"
      className="layer-popover pointer-events-none fixed start-4 bottom-4 flex flex-col gap-2"
    >
      {toasts.map(({ id, text }) => (
        <p
          key={id}
          className="pointer-events-auto flex min-h-10 max-w-96 animate-[layer-in_120ms_ease-out] items-center gap-2 rounded-panel bg-overlay ps-3 pe-1 shadow-layer"
        >
          <CircleCheck aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-success" />
          <span className="grow py-2">{text}</span>
          <button
            type="button"
            aria-label={t('close')}
            onClick={() => dismiss(id)}
            className="flex size-7 shrink-0 items-center justify-center rounded-control text-ink-3 hover:bg-hover hover:text-ink"
          >
            <X aria-hidden size={14} strokeWidth={1.75} />
          </button>
        </p>
      ))}
    </div>
  )
}
