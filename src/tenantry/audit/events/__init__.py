"""Every event the trail knows. The tag is stored as `type`, the other fields as JSON; secrets are never fields."""

from tenantry.audit.events.base import *
from tenantry.audit.events.connectors import *
from tenantry.audit.events.delegation import *
from tenantry.audit.events.devices import *
from tenantry.audit.events.groups import *
from tenantry.audit.events.phones import *
from tenantry.audit.events.sign_in import *
from tenantry.audit.events.tenants import *
from tenantry.audit.events.tokens import *
from tenantry.audit.events.users import *
from tenantry.audit.events.webhooks import *
