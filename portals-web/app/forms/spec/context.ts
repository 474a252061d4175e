import { createContext, use } from 'react'

import type { ControlProps as Frame } from '~/ui/lib/Field'
import { getAt, type Json, type JsonObject } from '~/util/json-path'
import type { Field } from '~/util/schema'

/** What the controls of a spec need from the form around them. */
export interface SpecForm {
  spec: JsonObject
  /** Undefined takes the field away. */
  set: (path: string, value: Json | undefined) => void
  /** What is wrong with exactly this field, in words. */
  errorOf: (path: string) => string | undefined
  /** What is wrong with items of it: `[place, message]`. */
  errorsWithin: (path: string) => [string, string][]
  isReadOnly: boolean
  /** Text of the rate deck that goes along; null keeps the one that is there. */
  deck: string | null
  setDeck: (text: string | null) => void
  /** Where the present deck can be fetched from. */
  deckAddress: string | undefined
}

export const SpecFormContext = createContext<SpecForm | null>(null)

export function useSpecForm(): SpecForm {
  const form = use(SpecFormContext)
  if (!form) throw new Error('useSpecForm is used outside of a form of a spec')
  return form
}

export interface SpecFieldProps {
  field: Field
  path: string
}

export interface ControlProps extends SpecFieldProps {
  label: string
  /** Ties the control to its label and message. */
  frame: Frame
}

/** The value of a field as it stands in the form. */
export function useValue(path: string): Json | undefined {
  return getAt(useSpecForm().spec, path)
}
