import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { changeSetPageQuery, createChangeSet } from '~/api/change-sets'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { workingSet } from '~/stores/working-set'
import { Field, Input, Select } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { Segmented } from '~/ui/lib/Segmented'

export interface ChangeSetChoice {
  /** The change set to put a draft into: the one worked on, or one that is asked for. */
  choose: () => Promise<number | null>
  dialog: ReactNode
}

type Answer = (id: number | null) => void

/** Where drafts go. Asked once; then it is worked on. */
export function useChangeSetChoice(): ChangeSetChoice {
  const [answer, setAnswer] = useState<{ give: Answer } | null>(null)
  const close = (id: number | null) => {
    if (id !== null) workingSet.set(id)
    setAnswer(null)
    answer?.give(id)
  }
  return {
    choose: () => {
      const current = workingSet.get()
      if (current !== null) return Promise.resolve(current)
      return new Promise((give) => setAnswer({ give }))
    },
    dialog: answer ? <ChoiceDialog onAnswer={close} /> : null,
  }
}

type Mode = 'existing' | 'make'

function ChoiceDialog({ onAnswer }: { onAnswer: Answer }) {
  const { t } = useTranslation(['changeSets', 'common'])
  const client = useQueryClient()
  const format = useFormat()
  const { data } = useQuery(changeSetPageQuery('draft'))
  const open = data?.items ?? []
  const [wanted, setMode] = useState<Mode>('existing')
  const mode = open.length > 0 ? wanted : 'make'
  const [chosen, setChosen] = useState('')
  const [name, setName] = useState(() =>
    t('choose.defaultName', { day: format.dateTime(new Date().toISOString()).slice(0, 10) }),
  )
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const submit = async () => {
    if (mode === 'existing') {
      onAnswer(Number(chosen || open[0]?.id))
      return
    }
    setBusy(true)
    setError(null)
    try {
      const { id } = await createChangeSet(name.trim())
      await client.invalidateQueries({ queryKey: ['change-sets', 'page'] })
      onAnswer(id)
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={t('choose.title')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={isBusy ? t('choose.busy') : t('choose.confirm')}
      isBusy={isBusy}
      isBlocked={!data || (mode === 'make' && name.trim() === '')}
      width="narrow"
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault()
        void submit()
      }}
      onClose={() => onAnswer(null)}
    >
      <p className="text-ink-2">{t('choose.lead')}</p>
      {error ? <ProblemNotice error={error} /> : null}
      {open.length > 0 ? (
        <Segmented<Mode>
          label={t('choose.which')}
          value={mode}
          options={[
            { value: 'existing', label: t('choose.existing') },
            { value: 'make', label: t('choose.make') },
          ]}
          onChange={setMode}
        />
      ) : null}
      {mode === 'existing' ? (
        <Field label={t('choose.which')}>
          {(control) => (
            <Select {...control} value={chosen} onChange={(event) => setChosen(event.target.value)}>
              {open.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      ) : (
        <Field label={t('name')} help={t('nameHelp')}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={200}
              autoComplete="off"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      )}
    </FormDialog>
  )
}
