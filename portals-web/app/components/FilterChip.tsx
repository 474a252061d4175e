import { clsx } from 'clsx'
import { CirclePlus, X } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Popover } from '~/ui/lib/Popover'

export interface FilterChipProps {
  name: string
  /** The present value in words; undefined when the filter is not set. */
  value: string | undefined
  onClear: () => void
  /** The editor; it calls `close` when it has applied something. */
  children: (close: () => void) => ReactNode
}

/** One filter: an outline to add it, `name value ×` when it is set. */
export function FilterChip({ name, value, onClear, children }: FilterChipProps) {
  const { t } = useTranslation('lists')
  const [isOpen, setOpen] = useState(false)
  const isSet = value !== undefined
  return (
    <span
      className={clsx(
        'inline-flex h-7 max-w-80 items-center rounded-full text-meta font-medium',
        isSet
          ? 'bg-selected text-link shadow-[inset_0_0_0_1px_var(--line-strong)]'
          : 'border border-dashed border-line-control text-ink-2 hover:bg-hover hover:text-ink',
      )}
    >
      {isSet ? (
        <button
          type="button"
          aria-label={t('removeFilter', { name })}
          onClick={onClear}
          className="flex size-7 shrink-0 items-center justify-center rounded-full hover:bg-hover"
        >
          <X aria-hidden size={13} strokeWidth={2} />
        </button>
      ) : null}
      <Popover
        open={isOpen}
        onOpenChange={setOpen}
        label={name}
        trigger={
          <button
            type="button"
            data-filter
            className={clsx(
              'flex h-7 min-w-0 items-center gap-1.5 rounded-full pe-3',
              isSet ? 'ps-0' : 'ps-2',
            )}
          >
            {isSet ? null : <CirclePlus aria-hidden size={13} strokeWidth={1.75} />}
            <span className={isSet ? 'text-ink-2' : undefined}>{name}</span>
            {isSet ? <span className="truncate">{value}</span> : null}
          </button>
        }
      >
        {children(() => setOpen(false))}
      </Popover>
    </span>
  )
}
