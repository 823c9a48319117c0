"""What Partner Center has and this server has not (yet).

Source: Partner Center contract §3 and §7; the index of the reference for what lies beside customers and their users.
"""

from __future__ import annotations

from tenantry.surfaces.shared.not_offered import ANY, Missing, NotOffered

_CUSTOMER = "v1/customers/{customer}"
_USER = f"{_CUSTOMER}/users/{{user}}"
_MEMBERS = f"{_CUSTOMER}/directoryroles/{{role}}/usermembers"
_EVENTS = "webhooks/v1/registration"

NOT_OFFERED = NotOffered(
    "/partnercenter",
    [
        Missing("GET", "v1/customers", "Get a list of customers"),
        Missing("POST", "v1/customers", "Create a customer"),
        Missing("GET", "v1/customers/relationshiprequests", "Request a reseller relationship"),
        Missing("GET", _CUSTOMER, "Get a customer by ID"),
        Missing("PATCH", _CUSTOMER, "Remove a reseller relationship"),
        Missing("DELETE", _CUSTOMER, "Delete a customer from the sandbox"),
        Missing("GET", f"{_CUSTOMER}/profiles/company", "Get a customer's company profile"),
        Missing("GET", f"{_CUSTOMER}/profiles/billing", "Get a customer's billing profile"),
        Missing("PUT", f"{_CUSTOMER}/profiles/billing", "Update a customer's billing profile"),
        Missing("GET", f"{_CUSTOMER}/relationships", "Get a customer's partner relationships"),
        Missing("GET", f"{_CUSTOMER}/managedservices", "Get a customer's managed services"),
        Missing(ANY, f"{_CUSTOMER}/qualification", "Get a customer's qualification"),
        Missing(ANY, f"{_CUSTOMER}/qualifications", "Get or update a customer's qualifications"),
        Missing("POST", f"{_CUSTOMER}/verifieddomain", "Add a verified domain for a customer"),
        Missing("GET", f"{_CUSTOMER}/directoryroles", "Get the directory roles of a customer"),
        Missing("GET", f"{_USER}/directoryroles", "Get user roles for a customer"),
        Missing("GET", _MEMBERS, "List the members of a directory role"),
        Missing("POST", _MEMBERS, "Set user roles for a customer"),
        Missing("DELETE", f"{_MEMBERS}/{{user}}", "Remove a customer user from a role"),
        Missing("GET", f"{_CUSTOMER}/subscribedskus", "Get a list of available licenses"),
        Missing("GET", f"{_USER}/licenses", "Get the licenses assigned to a user"),
        Missing("POST", f"{_USER}/licenseupdates", "Assign licenses to a user"),
        Missing(ANY, f"{_CUSTOMER}/applicationconsents/**", "Application consents of a customer"),
        Missing(ANY, f"{_CUSTOMER}/subscriptions/**", "Subscriptions of a customer"),
        Missing(ANY, f"{_CUSTOMER}/orders/**", "Orders of a customer"),
        Missing(ANY, f"{_CUSTOMER}/carts/**", "Carts of a customer"),
        Missing(ANY, f"{_CUSTOMER}/offers/**", "Offers for a customer"),
        Missing(ANY, f"{_CUSTOMER}/products/**", "Products for a customer"),
        Missing(ANY, f"{_CUSTOMER}/entitlements/**", "Entitlements of a customer"),
        Missing(ANY, f"{_CUSTOMER}/agreements/**", "Agreements of a customer"),
        Missing(ANY, f"{_CUSTOMER}/servicerequests/**", "Service requests of a customer"),
        Missing(ANY, f"{_CUSTOMER}/servicecosts/**", "Service costs of a customer"),
        Missing(ANY, f"{_CUSTOMER}/usagesummary/**", "Usage of a customer"),
        Missing(ANY, f"{_CUSTOMER}/usagebudget/**", "Usage budget of a customer"),
        Missing(ANY, f"{_CUSTOMER}/analytics/**", "Analytics of a customer"),
        Missing(ANY, f"{_CUSTOMER}/devicebatches/**", "Device batches of a customer"),
        Missing(ANY, f"{_CUSTOMER}/devices/**", "Devices of a customer"),
        Missing(ANY, f"{_CUSTOMER}/policies/**", "Device policies of a customer"),
        Missing(ANY, f"{_CUSTOMER}/batchjobstatus/**", "Batch jobs of a customer"),
        Missing(ANY, f"{_CUSTOMER}/validatePartnerAssociation/**", "Validate a partner's association"),
        Missing("POST", "v1/validations/address", "Validate an address"),
        Missing("GET", "v1/validations/checkdomainavailability/{prefix}", "Check the availability of a domain"),
        Missing(ANY, "v1/validations/**", "Validations"),
        Missing(ANY, "v1/profiles/**", "Profiles of the partner"),
        Missing("GET", "v1/relationships", "Get indirect resellers"),
        Missing(ANY, "v1/relationships/**", "Relationships of the partner"),
        Missing(ANY, "v1/invoices/**", "Invoices"),
        Missing(ANY, "v1/auditrecords/**", "Audit records"),
        Missing(ANY, "v1/agreements/**", "Agreements"),
        Missing(ANY, "v1/analytics/**", "Analytics"),
        Missing(ANY, "v1/countryvalidationrules/**", "Rules for addresses of a country"),
        Missing(ANY, "v1/offercategories/**", "Offer categories"),
        Missing(ANY, "v1/offers/**", "Offers"),
        Missing(ANY, "v1/products/**", "Products"),
        Missing(ANY, "v1/ratecards/**", "Rate cards"),
        Missing(ANY, "v1/servicerequests/**", "Service requests"),
        Missing(ANY, "v1/usagesummary/**", "Usage"),
        Missing(ANY, "v1/servicecosts/**", "Service costs"),
        Missing(ANY, "v1/devicebatches/**", "Device batches"),
        Missing(ANY, "v1/partnerRequests/**", "Security requirements of the partner"),
        Missing(ANY, "v1/ValidateMfa/**", "Test multifactor authentication"),
        Missing("GET", f"{_EVENTS}/events", "Get a list of events"),
        Missing("GET", _EVENTS, "View an event registration"),
        Missing("POST", _EVENTS, "Register to receive an event"),
        Missing("PUT", _EVENTS, "Update an event registration"),
        Missing("POST", f"{_EVENTS}/validationEvents", "Send a test event"),
        Missing("GET", f"{_EVENTS}/validationEvents/{{correlation}}", "Verify that the test event was received"),
        Missing(ANY, f"{_EVENTS}/**", "Event registrations"),
        Missing(ANY, "accountenrollments/**", "Account enrollments"),
    ],
)
