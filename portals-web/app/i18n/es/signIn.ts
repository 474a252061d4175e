import type { signIn as english } from '../en/signIn'
import type { Translation } from '../translation'

export const signIn: Translation<typeof english> = {
  title: 'Iniciar sesión',
  lead: 'Iniciar sesión en la consola del operador',
  username: 'Usuario',
  password: 'Contraseña',
  show: 'Mostrar la contraseña',
  hide: 'Ocultar la contraseña',
  submit: 'Iniciar sesión',
  busy: 'Iniciando sesión…',
  required: 'Completar este campo.',
  code: 'Código de la aplicación',
  codeHint: 'Seis dígitos, o un código de recuperación.',
  confirm: 'Confirmar',
  back: 'Iniciar sesión con otro usuario',
  forgot: '¿Contraseña olvidada?',
  remember: 'Mantener la sesión en este dispositivo',
  or: 'o',
  passkey: 'Usar una llave de acceso',
  passkeyBusy: 'Esperando la llave de acceso…',
  noAccount: '¿Sin cuenta?',
  register: 'Solicitar una',
}
