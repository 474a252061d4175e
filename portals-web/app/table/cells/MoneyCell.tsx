import { clsx } from 'clsx'

import { useFormat } from '~/hooks/use-format'
import { isNegative, isZero } from '~/util/money'

export interface MoneyCellProps {
  amount: string
  currency: string
  /** Colours a loss; for margins. */
  signed?: boolean
}

/** What one call costs. The exact amount and the currency are in the tooltip and for screen readers. */
export function MoneyCell({ amount, currency, signed = false }: MoneyCellProps) {
  const format = useFormat()
  return (
    <span
      title={`${currency} ${amount}`}
      className={clsx(
        isZero(amount) && 'text-ink-3',
        signed && isNegative(amount) && 'text-danger',
      )}
    >
      {format.amount(amount, currency)}
    </span>
  )
}
