import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { ApiError } from '~/api/errors'
import type { Kind, ResourceWrite } from '~/api/resources'
import { setAt } from '~/util/json-path'
import { faultsOf } from '~/util/schema-check'

import type { SpecForm } from '../spec/context'
import { changedParts, type Draft, draftOf, newDraft, type Shown, writeOf } from './draft'

/** What is wrong with the fields, by their paths. */
export type Faults = ReadonlyMap<string, string>

/** A message that belongs to this field, and may be out of date once it is changed. */
const concerns = (place: string, path: string) =>
  place === path || place.startsWith(`${path}.`) || place.startsWith(`${path}[`)

export interface ResourceForm {
  draft: Draft
  /** What the form began with. */
  base: Draft
  faults: Faults
  /** The fields that differ from how they were. */
  changed: string[]
  specForm: SpecForm
  edit: (change: Partial<Draft>) => void
  /** Begins anew, as after a save. */
  restart: (base: Draft, draft?: Draft) => void
  /** What to send, or null when something is wrong with it. */
  check: () => ResourceWrite | null
  /** Puts the messages of an answer to their fields. */
  takeProblem: (error: unknown) => void
}

/** The state of a form for one resource: a new one, or one that is there. */
export function useResourceForm(
  kind: Kind,
  resource: Shown | null,
  deckAddress?: string,
): ResourceForm {
  const { t } = useTranslation('fields')
  const [base, setBase] = useState(() => (resource ? draftOf(resource) : newDraft(kind)))
  const [draft, setDraft] = useState(base)
  const [faults, setFaults] = useState<Faults>(new Map())

  const forget = (paths: readonly string[]) =>
    setFaults(
      (before) =>
        new Map([...before].filter(([place]) => !paths.some((path) => concerns(place, path)))),
    )
  const edit = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }))
    forget(Object.keys(change).map((key) => (key === 'externalId' ? 'external_id' : key)))
  }
  const specForm: SpecForm = {
    spec: draft.spec,
    set: (path, value) => {
      setDraft((before) => ({ ...before, spec: setAt(before.spec, path, value) }))
      forget([path])
    },
    errorOf: (path) => faults.get(path),
    errorsWithin: (path) => [...faults].filter(([place]) => place.startsWith(`${path}[`)),
    isReadOnly: !kind.can_write,
    deck: draft.deck,
    setDeck: (deck) => edit({ deck }),
    deckAddress,
  }

  return {
    draft,
    base,
    faults,
    changed: changedParts(base, draft, kind),
    specForm,
    edit,
    restart: (nextBase, nextDraft = nextBase) => {
      setBase(nextBase)
      setDraft(nextDraft)
      setFaults(new Map())
    },
    check: () => {
      const write = writeOf(draft, kind)
      const found = faultsOf(write.spec, kind.schema).map(
        ({ field, code, bound }) => [field, t(`fault.${code}`, { bound })] as const,
      )
      const noName = write.name ? [] : [['name', t('fault.required')] as const]
      const all = new Map([...noName, ...found])
      setFaults(all)
      return all.size > 0 ? null : write
    },
    takeProblem: (error) => setFaults(faultsOfProblem(error, kind, draft.name.trim())),
  }
}

/** The messages of a problem that are about fields of this resource. */
function faultsOfProblem(error: unknown, kind: Kind, name: string): Faults {
  const errors = error instanceof ApiError ? error.fieldErrors : []
  const own = errors.filter(
    (each) =>
      each.field && (each.kind ?? kind.kind) === kind.kind && (!each.name || each.name === name),
  )
  return new Map(own.map(({ field, message }) => [(field ?? '').replace(/^spec\./, ''), message]))
}
