import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Rerating, ReratedSide } from '~/api/__generated__/schema'
import { createRerating } from '~/api/reratings'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useSmallForm } from '~/hooks/use-small-form'
import { Field, Input } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { Segmented } from '~/ui/lib/Segmented'

const DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_MS = 86_400_000

const isDay = (text: string) => DAY.test(text) && !Number.isNaN(Date.parse(text))

/** The moment a day begins, or the earlier one of the end of it and now: nothing later can be rated. */
const beginning = (day: string) => new Date(Date.parse(day)).toISOString()
const end = (day: string) =>
  new Date(Math.min(Date.parse(day) + DAY_MS, Date.now() - 1_000)).toISOString()

export interface ReratingFormProps {
  onDone: (made: Rerating) => void
  onClose: () => void
}

/** Which calls to rate once more, and by what. */
export function ReratingForm({ onDone, onClose }: ReratingFormProps) {
  const { t } = useTranslation(['reratings', 'common'])
  const [side, setSide] = useState<ReratedSide>('customers')
  const form = useSmallForm({
    initial: {
      from: '',
      to: '',
      party: '',
      rated_by: '',
      called_prefix: '',
      rate_card: '',
      change_set: '',
      reason: '',
    },
    required: ['from', 'to'],
    check: ({ from, to, called_prefix, change_set }) => ({
      ...(isDay(from) ? {} : { from: t('form.wrongDay') }),
      ...(isDay(to) ? (to < from ? { to: t('form.wrongDays') } : {}) : { to: t('form.wrongDay') }),
      ...(/^\d{0,15}$/.test(called_prefix) ? {} : { called_prefix: t('form.wrongPrefix') }),
      ...(/^\d{0,15}$/.test(change_set) ? {} : { change_set: t('form.wrongNumber') }),
    }),
    send: async ({ from, to, party, change_set, ...texts }) => {
      const given = Object.entries(texts).filter(([, text]) => text.trim() !== '')
      const made = await createRerating({
        side,
        from: beginning(from),
        to: end(to),
        ...(party.trim() ? { [side === 'customers' ? 'customer' : 'carrier']: party.trim() } : {}),
        ...Object.fromEntries(given.map(([name, text]) => [name, text.trim()])),
        ...(change_set ? { change_set: Number(change_set) } : {}),
      })
      onDone(made)
    },
  })
  const optional = t('form.optional')
  return (
    <FormDialog
      title={t('new')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('form.busy') : t('form.submit')}
      isBusy={form.isBusy}
      onSubmit={form.submit}
      onClose={onClose}
    >
      {form.error ? <ProblemNotice error={form.error} /> : null}
      <Segmented<ReratedSide>
        label={t('form.side')}
        value={side}
        options={(['customers', 'carriers'] as const).map((value) => ({
          value,
          label: t(`side.${value}`),
        }))}
        onChange={setSide}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t('form.from')} error={form.faults.from}>
          {(control) => <Input {...control} {...form.bind('from')} placeholder="2026-03-01" />}
        </Field>
        <Field label={t('form.to')} error={form.faults.to}>
          {(control) => <Input {...control} {...form.bind('to')} placeholder="2026-03-31" />}
        </Field>
        <Field label={t('form.party')} mark={optional} error={form.faults.party}>
          {(control) => <Input {...control} {...form.bind('party')} maxLength={300} />}
        </Field>
        <Field label={t('form.prefix')} mark={optional} error={form.faults.called_prefix}>
          {(control) => (
            <Input
              {...control}
              {...form.bind('called_prefix')}
              inputMode="numeric"
              maxLength={15}
            />
          )}
        </Field>
        <Field label={t('form.ratedBy')} mark={optional} error={form.faults.rated_by}>
          {(control) => <Input {...control} {...form.bind('rated_by')} maxLength={300} />}
        </Field>
        <Field
          label={t('form.rateCard')}
          mark={optional}
          help={t('form.rateCardHelp')}
          error={form.faults.rate_card}
        >
          {(control) => <Input {...control} {...form.bind('rate_card')} maxLength={300} />}
        </Field>
        <Field label={t('form.changeSet')} mark={optional} error={form.faults.change_set}>
          {(control) => <Input {...control} {...form.bind('change_set')} inputMode="numeric" />}
        </Field>
        <Field label={t('form.reason')} mark={optional} error={form.faults.reason}>
          {(control) => <Input {...control} {...form.bind('reason')} maxLength={500} />}
        </Field>
      </div>
    </FormDialog>
  )
}
