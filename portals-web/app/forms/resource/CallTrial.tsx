import { useQuery } from '@tanstack/react-query'
import { type ComponentProps, type SubmitEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { NumberCall } from '~/api/__generated__/schema'
import { type CallQuestion, callTrialQuery } from '~/api/numbers'
import { NumbersSent } from '~/components/NumbersSent'
import { ProblemNotice } from '~/components/ProblemNotice'
import { usePermission } from '~/hooks/use-permission'
import { Button } from '~/ui/lib/Button'
import { Checkbox, Field, Input } from '~/ui/lib/Field'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'

import { NamePicker } from '../spec/ReferenceInput'

export interface CallTrialProps {
  /** Whose calls are tried; without it the operator chooses. */
  customer?: string | undefined
}

/** Tries the numbers of a call on what is in force. Nothing is called. */
export function CallTrial({ customer: fixed }: CallTrialProps) {
  const { t } = useTranslation('fields')
  const mayTry = usePermission('explain.use')
  const [chosen, setChosen] = useState('')
  const [question, setQuestion] = useState<CallQuestion | null>(null)
  const customer = fixed ?? chosen
  const { data, error, isFetching } = useQuery({
    ...callTrialQuery(question ?? NO_QUESTION),
    enabled: mayTry && question !== null,
  })
  if (!mayTry) return null
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const text = (name: string) => {
      const value = fields.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    const [called, calling, asserted] = [text('called'), text('calling'), text('asserted')]
    if (!customer || !called) return
    const privacy = fields.get('privacy') !== null
    setQuestion({ customer, called, calling, asserted: asserted || null, privacy })
  }
  return (
    <Panel title={t('callTrial.title')} className="mt-5">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-ink-2">{t('callTrial.lead')}</p>
        <div className="grid items-start gap-4 md:grid-cols-2">
          {fixed === undefined ? (
            <Field label={t('callTrial.customer')}>
              {(control) => (
                <NamePicker
                  {...control}
                  kind="customer"
                  listLabel={t('callTrial.customer')}
                  placeholder={t('callTrial.choose')}
                  value={chosen}
                  onChange={setChosen}
                />
              )}
            </Field>
          ) : null}
          <Field label={t('callTrial.called')}>
            {(control) => <NumberInput {...control} name="called" required />}
          </Field>
          <Field label={t('callTrial.calling')}>
            {(control) => <NumberInput {...control} name="calling" />}
          </Field>
          <Field label={t('callTrial.asserted')} help={t('callTrial.assertedHelp')}>
            {(control) => <NumberInput {...control} name="asserted" />}
          </Field>
        </div>
        <PrivacyBox />
        <div>
          <Button type="submit" disabled={isFetching}>
            {t('callTrial.submit')}
          </Button>
        </div>
      </form>
      {question ? <Answer call={error ? null : (data?.call ?? null)} error={error} /> : null}
    </Panel>
  )
}

const NO_QUESTION: CallQuestion = {
  customer: '',
  called: '',
  calling: '',
  asserted: null,
  privacy: false,
}

function NumberInput(props: ComponentProps<'input'>) {
  return <Input inputMode="tel" autoComplete="off" maxLength={64} {...props} />
}

function PrivacyBox() {
  const { t } = useTranslation('fields')
  const id = useId()
  return (
    <div className="flex items-center gap-2">
      <Checkbox id={id} name="privacy" />
      <label htmlFor={id}>{t('callTrial.privacy')}</label>
    </div>
  )
}

function Answer({ call, error }: { call: NumberCall | null; error: unknown }) {
  const { t } = useTranslation('fields')
  if (error) return <ProblemNotice error={error} title={t('callTrial.failed')} />
  if (!call) {
    return (
      <div role="status" aria-label={t('callTrial.busy')} className="mt-4">
        <Skeleton className="h-24" />
      </div>
    )
  }
  return (
    <div className="mt-4 flex flex-col gap-4 border-t border-line pt-4">
      <div>
        <p className="font-medium">
          {call.accepted
            ? t('callTrial.taken', {
                called: call.called_number ?? '',
                trunk: call.ingress_trunk,
              })
            : t('callTrial.refused', { reason: call.reason ?? '' })}
        </p>
        <ul className="mt-1 text-ink-2">
          {call.steps.map(({ step, outcome, detail }) => (
            <li key={`${step} ${detail}`} className={outcome === 'passed' ? '' : 'text-danger'}>
              {detail}
            </li>
          ))}
        </ul>
      </div>
      {call.sent.length > 0 ? (
        <ol aria-label={t('callTrial.sent')} className="flex flex-col gap-3">
          {call.sent.map((sent) => (
            <li key={`${sent.carrier} ${sent.trunk}`}>
              <p>
                <span className="font-medium">{sent.carrier}</span>{' '}
                <span className="text-meta text-ink-3">{sent.trunk}</span>
              </p>
              {sent.accepted ? (
                <NumbersSent
                  calling={sent.calling_number}
                  called={sent.called_number}
                  asserted={sent.asserted_number}
                  isAnonymous={sent.is_anonymous}
                  steps={sent.steps}
                />
              ) : (
                <p className="text-meta text-ink-2">{sent.detail}</p>
              )}
            </li>
          ))}
        </ol>
      ) : null}
      {call.is_cut ? <p className="text-meta text-ink-3">{t('callTrial.cut')}</p> : null}
    </div>
  )
}
