import { clsx } from 'clsx'
import type { ComponentProps } from 'react'

export interface ButtonProps extends ComponentProps<'button'> {
  variant?: 'primary' | 'secondary' | 'quiet' | 'danger'
  size?: 'toolbar' | 'default' | 'form'
}

const VARIANTS = {
  primary: 'bg-primary text-on-primary font-medium hover:bg-primary-hover active:bg-primary-active',
  secondary:
    'bg-surface text-ink font-medium shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-hover',
  quiet: 'text-ink-2 hover:bg-hover hover:text-ink',
  danger:
    'bg-surface text-danger font-medium shadow-[inset_0_0_0_1px_var(--line-strong)] hover:bg-badge-danger-bg',
}

const SIZES = {
  toolbar: 'h-7 px-2 text-body gap-1.5',
  default: 'h-8 px-3 text-body gap-2',
  form: 'h-9 px-4 text-form gap-2',
}

export function buttonClass(
  variant: keyof typeof VARIANTS = 'secondary',
  size: keyof typeof SIZES = 'default',
) {
  return clsx(
    'inline-flex shrink-0 items-center justify-center rounded-control whitespace-nowrap transition-colors duration-120 select-none disabled:opacity-60',
    VARIANTS[variant],
    SIZES[size],
  )
}

export function Button({ variant, size, className, type = 'button', ...rest }: ButtonProps) {
  // oxlint-disable-next-line react/button-has-type -- The type comes from the caller, `button` unless given.
  return <button type={type} className={clsx(buttonClass(variant, size), className)} {...rest} />
}
