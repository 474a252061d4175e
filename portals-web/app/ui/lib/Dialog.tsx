import { clsx } from 'clsx'
import { X } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useId, useRef } from 'react'

export interface DialogProps {
  title: string
  closeLabel: string
  onClose: () => void
  /** Shows the title and a close button; without, the title is only said. */
  heading?: boolean
  width?: 'narrow' | 'default' | 'wide' | undefined
  /** Where the dialog hangs: a palette opens near the top, where the eye is. */
  place?: 'center' | 'top'
  initialFocus?: RefObject<HTMLElement | null>
  children: ReactNode
}

const WIDTHS = { narrow: 'w-[480px]', default: 'w-[560px]', wide: 'w-[720px]' }

/**
 * A modal dialog. The browser's own: it traps the focus, gives it back, closes on Escape, makes the
 * rest inert, and needs no style element that a strict Content-Security-Policy would refuse.
 * Mounted means open.
 */
export function Dialog({
  title,
  closeLabel,
  onClose,
  heading = true,
  width = 'default',
  place = 'center',
  initialFocus,
  children,
}: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()

  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return undefined
    const before = document.activeElement
    dialog.showModal()
    initialFocus?.current?.focus()
    return () => {
      dialog.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [initialFocus])

  return (
    // The keyboard's way out is Escape, which the browser turns into `cancel`.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose()
      }}
      className={clsx(
        'max-h-[80vh] max-w-[calc(100vw-32px)] flex-col overflow-hidden rounded-dialog bg-overlay p-0 text-body shadow-layer open:flex open:animate-[layer-in_180ms_ease-out]',
        WIDTHS[width],
        place === 'top' && 'mt-[12vh]',
      )}
    >
      {heading ? (
        <header className="flex items-center justify-between border-b border-line py-2 ps-4 pe-2">
          <h2 id={titleId} className="text-section font-semibold">
            {title}
          </h2>
          {/* Without a tooltip: an open one would take Escape away from the dialog. */}
          <button
            type="button"
            aria-label={closeLabel}
            onClick={onClose}
            className="flex size-8 items-center justify-center rounded-control text-ink-2 hover:bg-hover hover:text-ink"
          >
            <X aria-hidden size={16} strokeWidth={1.75} />
          </button>
        </header>
      ) : (
        <h2 id={titleId} className="sr-only">
          {title}
        </h2>
      )}
      {children}
    </dialog>
  )
}
