import { type SubmitEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FilterChip } from '~/components/FilterChip'
import { Button } from '~/ui/lib/Button'
import { Field, Input, Select } from '~/ui/lib/Field'
import {
  CDR_FACT_NAMES,
  CDR_FACTS,
  type CdrFact,
  type CdrFacts,
  isFactValue,
  SIDES,
} from '~/util/cdr-facts'

export interface CdrFactFiltersProps {
  facts: CdrFacts
  onChange: (change: CdrFacts) => void
}

type FactWord = 'true' | 'false' | (typeof SIDES)[number]

/** A chip for each fact that is asked for, and one to ask for another. */
export function CdrFactFilters({ facts, onChange }: CdrFactFiltersProps) {
  const { t } = useTranslation('cdrs')
  const words = (fact: CdrFact, value = '') =>
    isWord(fact) ? t(`factValue.${value as FactWord}`) : value
  const set = CDR_FACT_NAMES.filter((fact) => facts[fact] !== undefined)
  return (
    <>
      {set.map((fact) => (
        <FilterChip
          key={fact}
          name={t(`fact.${fact}`)}
          value={words(fact, facts[fact])}
          onClear={() => onChange({ [fact]: undefined })}
        >
          {(close) => (
            <FactEditor
              fact={fact}
              value={facts[fact]}
              onApply={(_, value) => {
                onChange({ [fact]: value })
                close()
              }}
            />
          )}
        </FilterChip>
      ))}
      <FilterChip name={t('filter.more')} value={undefined} onClear={() => undefined}>
        {(close) => (
          <FactEditor
            onApply={(fact, value) => {
              onChange({ [fact]: value })
              close()
            }}
          />
        )}
      </FilterChip>
    </>
  )
}

interface EditorProps {
  /** The fact that is edited; without it one is chosen. */
  fact?: CdrFact | undefined
  value?: string | undefined
  onApply: (fact: CdrFact, value: string) => void
}

function FactEditor({ fact: given, value, onApply }: EditorProps) {
  const { t } = useTranslation(['cdrs', 'common'])
  const [fact, setFact] = useState<CdrFact>(given ?? 'call_id')
  const choices = useChoices(fact)
  const [typed, setTyped] = useState(value ?? '')
  const [isWrong, setWrong] = useState(false)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const entered = (choices && !typed ? (choices[0]?.value ?? '') : typed).trim()
    setWrong(!isFactValue(fact, entered))
    if (isFactValue(fact, entered)) onApply(fact, entered)
  }
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      {given ? null : (
        <Field label={t('filter.fact')}>
          {(control) => (
            <Select
              {...control}
              value={fact}
              onChange={(event) => {
                setFact(event.target.value as CdrFact)
                setTyped('')
                setWrong(false)
              }}
            >
              {CDR_FACT_NAMES.map((name) => (
                <option key={name} value={name}>
                  {t(`fact.${name}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field
        label={given ? t(`fact.${given}`) : t('filter.value')}
        error={isWrong ? t(`factInvalid.${CDR_FACTS[fact]}`) : undefined}
      >
        {(control) =>
          choices ? (
            <Select
              {...control}
              value={typed || choices[0]?.value}
              onChange={(event) => setTyped(event.target.value)}
            >
              {choices.map((choice) => (
                <option key={choice.value} value={choice.value}>
                  {choice.label}
                </option>
              ))}
            </Select>
          ) : (
            <Input
              {...control}
              value={typed}
              maxLength={255}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
            />
          )
        }
      </Field>
      <Button type="submit" size="form" variant="primary">
        {t('common:apply')}
      </Button>
    </form>
  )
}

function isWord(fact: CdrFact): boolean {
  return CDR_FACTS[fact] === 'yesNo' || CDR_FACTS[fact] === 'side'
}

/** The known values of a fact that has only some. */
function useChoices(fact: CdrFact): { value: string; label: string }[] | undefined {
  const { t } = useTranslation('cdrs')
  if (CDR_FACTS[fact] === 'yesNo') {
    return (['true', 'false'] as const).map((value) => ({ value, label: t(`factValue.${value}`) }))
  }
  if (CDR_FACTS[fact] === 'side') {
    return SIDES.map((value) => ({ value, label: t(`factValue.${value}`) }))
  }
  return undefined
}
