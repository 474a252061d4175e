import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { createPayment, type Party } from '~/api/ledger'
import type { Resource } from '~/api/resources'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { useSmallForm } from '~/hooks/use-small-form'
import { toast } from '~/stores/toasts'
import { Field, Input } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { Segmented } from '~/ui/lib/Segmented'
import { readDecimal } from '~/util/decimal-input'
import { isZero } from '~/util/money'

type Direction = 'payment' | 'refund'

const AMOUNT = /^\d{1,8}(\.\d{1,9})?$/
const CURRENCY = /^[A-Z]{3}$/

export interface PaymentFormProps {
  party: Party
  resource: Resource
  onClose: () => void
}

/** Posts a payment or refund: first what, then once more whether. */
export function PaymentForm({ party, resource, onClose }: PaymentFormProps) {
  const { t, i18n } = useTranslation(['ledger', 'common'])
  const client = useQueryClient()
  const format = useFormat()
  const [direction, setDirection] = useState<Direction>('payment')
  const [isSure, setSure] = useState(false)
  const asSent = (amount: string) => readDecimal(amount, i18n.language) ?? ''
  // One key for each form: a second try after a lost answer posts nothing twice.
  const [key] = useState(() => crypto.randomUUID())
  const form = useSmallForm({
    initial: { amount: '', currency: 'USD', reference: '' },
    required: ['amount', 'currency'],
    check: ({ amount, currency }) => ({
      ...(AMOUNT.test(asSent(amount)) && !isZero(asSent(amount))
        ? {}
        : { amount: t('pay.wrongAmount') }),
      ...(CURRENCY.test(currency) ? {} : { currency: t('common:required') }),
    }),
    send: async ({ amount, currency, reference }) => {
      if (!isSure) {
        setSure(true)
        return
      }
      try {
        const posted = await createPayment(
          {
            [party === 'customers' ? 'customer' : 'carrier']: String(resource.id),
            direction,
            amount: asSent(amount),
            currency,
            ...(reference.trim() ? { reference: reference.trim() } : {}),
          },
          key,
        )
        toast(t('pay.done', { balance: format.money(posted.balance, posted.currency) }))
      } catch (failure) {
        setSure(false)
        throw failure
      }
      await client.invalidateQueries({ queryKey: ['ledger', party, resource.id] })
      onClose()
    },
  })
  const { amount, currency } = form.values
  return (
    <FormDialog
      title={t(party === 'customers' ? 'pay.title' : 'pay.titleCarrier', { name: resource.name })}
      closeLabel={t('common:close')}
      cancel={isSure ? t('pay.back') : t('common:cancel')}
      submit={form.isBusy ? t('pay.busy') : isSure ? t('pay.confirm') : t('pay.next')}
      isBusy={form.isBusy}
      width="narrow"
      onSubmit={form.submit}
      onClose={isSure ? () => setSure(false) : onClose}
    >
      {form.error ? <ProblemNotice error={form.error} /> : null}
      {isSure ? (
        <p role="status">
          {t(direction === 'payment' ? 'pay.sure' : 'pay.sureRefund', {
            amount: format.money(asSent(amount), currency),
            name: resource.name,
          })}
        </p>
      ) : (
        <>
          <Segmented<Direction>
            label={t('pay.direction')}
            value={direction}
            options={(['payment', 'refund'] as const).map((value) => ({
              value,
              label: t(`pay.${value}`),
            }))}
            onChange={setDirection}
          />
          <Field label={t('pay.amount')} error={form.faults.amount}>
            {(control) => <Input {...control} {...form.bind('amount')} inputMode="decimal" />}
          </Field>
          <Field label={t('pay.currency')} error={form.faults.currency}>
            {(control) => <Input {...control} {...form.bind('currency')} maxLength={3} />}
          </Field>
          <Field
            label={t('pay.reference')}
            mark={t('pay.optional')}
            help={t('pay.referenceHelp')}
            error={form.faults.reference}
          >
            {(control) => <Input {...control} {...form.bind('reference')} maxLength={200} />}
          </Field>
        </>
      )}
    </FormDialog>
  )
}
