import { readFileSync } from 'node:fs'

interface Description {
  components: { schemas: { PermissionName: { enum: string[] } } }
}

/** Every permission that there is, as the description of the API names them. */
export const PERMISSIONS: string[] = (
  JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as Description
).components.schemas.PermissionName.enum
