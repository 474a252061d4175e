import { access } from './es/access'
import { account } from './es/account'
import { apply } from './es/apply'
import { cdrs } from './es/cdrs'
import { changeSets } from './es/changeSets'
import { common } from './es/common'
import { configuration } from './es/configuration'
import { errors } from './es/errors'
import { events } from './es/events'
import { exchange } from './es/exchange'
import { exchangeReport } from './es/exchangeReport'
import { explain } from './es/explain'
import { fields } from './es/fields'
import { jobs } from './es/jobs'
import { kinds } from './es/kinds'
import { ledger } from './es/ledger'
import { lists } from './es/lists'
import { live } from './es/live'
import { palette } from './es/palette'
import { nettings } from './es/nettings'
import { people } from './es/people'
import { reports } from './es/reports'
import { reratings } from './es/reratings'
import { shell } from './es/shell'
import { signIn } from './es/signIn'
import { system } from './es/system'
import { welcome } from './es/welcome'

/** All texts in Spanish, in one piece: only who reads Spanish fetches it. */
export const es = {
  access,
  account,
  apply,
  cdrs,
  changeSets,
  common,
  configuration,
  errors,
  events,
  exchange,
  exchangeReport,
  explain,
  fields,
  jobs,
  ledger,
  lists,
  live,
  palette,
  people,
  reports,
  nettings,
  reratings,
  shell,
  signIn,
  system,
  welcome,
}

/** What the switch says of kinds and fields. */
export { kinds }
