import { clsx } from 'clsx'
import { ChevronDown, CircleAlert } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'

export interface FieldProps {
  label: string
  /** Beside the label: that the field may stay empty, for one. */
  mark?: string | undefined
  help?: string | undefined
  /** Replaces the help. */
  error?: string | undefined
  children: (control: ControlProps) => ReactNode
}

/** What ties a control to its label and message. */
export interface ControlProps {
  id: string
  'aria-invalid': boolean
  'aria-describedby': string | undefined
}

/** Label above, control, help or error below. */
export function Field({ label, mark, help, error, children }: FieldProps) {
  const id = useId()
  const messageId = `${id}-message`
  const message = error ?? help
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-body font-medium text-ink">
        {label}
        {mark ? <span className="font-normal text-ink-3"> {mark}</span> : null}
      </label>
      {children({
        id,
        'aria-invalid': error !== undefined,
        'aria-describedby': message ? messageId : undefined,
      })}
      {message ? (
        <p
          id={messageId}
          className={clsx(
            'flex items-center gap-1 text-meta',
            error === undefined ? 'text-ink-3' : 'text-danger',
          )}
        >
          {error === undefined ? null : <CircleAlert aria-hidden size={12} className="shrink-0" />}
          {message}
        </p>
      ) : null}
    </div>
  )
}

const CONTROL =
  'h-9 w-full min-w-0 rounded-control bg-surface px-3 text-form text-ink shadow-[inset_0_0_0_1px_var(--line-control)] transition-shadow duration-120 placeholder:text-ink-3 aria-invalid:shadow-[inset_0_0_0_1px_var(--danger)] disabled:opacity-60'

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={clsx(CONTROL, className)} {...rest} />
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={clsx(CONTROL, 'h-auto! min-h-20 resize-y py-2 leading-5', className)}
      {...rest}
    />
  )
}

export function Checkbox({ className, ...rest }: ComponentProps<'input'>) {
  return (
    <input
      type="checkbox"
      className={clsx('size-4 shrink-0 accent-primary', className)}
      {...rest}
    />
  )
}

export function Select({ className, children, ...rest }: ComponentProps<'select'>) {
  return (
    <span className="relative block">
      <select className={clsx(CONTROL, 'appearance-none pe-8', className)} {...rest}>
        {children}
      </select>
      <ChevronDown
        aria-hidden
        size={16}
        strokeWidth={1.75}
        className="pointer-events-none absolute inset-y-0 end-2.5 my-auto text-ink-3"
      />
    </span>
  )
}
