"""What Partner Center has and this server has not (yet).

Source: Partner Center contract §3 and §7; the index of the reference for what lies beside customers and their users.
"""

from __future__ import annotations

from tenantry.surfaces.shared.not_offered import ANY, NotOffered, Operation

_CUSTOMER = "v1/customers/{customer}"
_USER = f"{_CUSTOMER}/users/{{user}}"
_MEMBERS = f"{_CUSTOMER}/directoryroles/{{role}}/usermembers"
_EVENTS = "webhooks/v1/registration"

NOT_OFFERED = NotOffered(
    "/partnercenter",
    [
        Operation("GET", "v1/customers", "Get a list of customers"),
        Operation("POST", "v1/customers", "Create a customer"),
        Operation("GET", "v1/customers/relationshiprequests", "Request a reseller relationship"),
        Operation("GET", _CUSTOMER, "Get a customer by ID"),
        Operation("PATCH", _CUSTOMER, "Remove a reseller relationship"),
        Operation("DELETE", _CUSTOMER, "Delete a customer from the sandbox"),
        Operation("GET", f"{_CUSTOMER}/profiles/company", "Get a customer's company profile"),
        Operation("GET", f"{_CUSTOMER}/profiles/billing", "Get a customer's billing profile"),
        Operation("PUT", f"{_CUSTOMER}/profiles/billing", "Update a customer's billing profile"),
        Operation("GET", f"{_CUSTOMER}/relationships", "Get a customer's partner relationships"),
        Operation("GET", f"{_CUSTOMER}/managedservices", "Get a customer's managed services"),
        Operation(ANY, f"{_CUSTOMER}/qualification", "Get a customer's qualification"),
        Operation(ANY, f"{_CUSTOMER}/qualifications", "Get or update a customer's qualifications"),
        Operation("POST", f"{_CUSTOMER}/verifieddomain", "Add a verified domain for a customer"),
        Operation("GET", f"{_CUSTOMER}/directoryroles", "Get the directory roles of a customer"),
        Operation("GET", f"{_USER}/directoryroles", "Get user roles for a customer"),
        Operation("GET", _MEMBERS, "List the members of a directory role"),
        Operation("POST", _MEMBERS, "Set user roles for a customer"),
        Operation("DELETE", f"{_MEMBERS}/{{user}}", "Remove a customer user from a role"),
        Operation("GET", f"{_CUSTOMER}/subscribedskus", "Get a list of available licenses"),
        Operation("GET", f"{_USER}/licenses", "Get the licenses assigned to a user"),
        Operation("POST", f"{_USER}/licenseupdates", "Assign licenses to a user"),
        Operation(ANY, f"{_CUSTOMER}/applicationconsents/**", "Application consents of a customer"),
        Operation(ANY, f"{_CUSTOMER}/subscriptions/**", "Subscriptions of a customer"),
        Operation(ANY, f"{_CUSTOMER}/orders/**", "Orders of a customer"),
        Operation(ANY, f"{_CUSTOMER}/carts/**", "Carts of a customer"),
        Operation(ANY, f"{_CUSTOMER}/offers/**", "Offers for a customer"),
        Operation(ANY, f"{_CUSTOMER}/products/**", "Products for a customer"),
        Operation(ANY, f"{_CUSTOMER}/entitlements/**", "Entitlements of a customer"),
        Operation(ANY, f"{_CUSTOMER}/agreements/**", "Agreements of a customer"),
        Operation(ANY, f"{_CUSTOMER}/servicerequests/**", "Service requests of a customer"),
        Operation(ANY, f"{_CUSTOMER}/servicecosts/**", "Service costs of a customer"),
        Operation(ANY, f"{_CUSTOMER}/usagesummary/**", "Usage of a customer"),
        Operation(ANY, f"{_CUSTOMER}/usagebudget/**", "Usage budget of a customer"),
        Operation(ANY, f"{_CUSTOMER}/analytics/**", "Analytics of a customer"),
        Operation(ANY, f"{_CUSTOMER}/devicebatches/**", "Device batches of a customer"),
        Operation(ANY, f"{_CUSTOMER}/devices/**", "Devices of a customer"),
        Operation(ANY, f"{_CUSTOMER}/policies/**", "Device policies of a customer"),
        Operation(ANY, f"{_CUSTOMER}/batchjobstatus/**", "Batch jobs of a customer"),
        Operation(ANY, f"{_CUSTOMER}/validatePartnerAssociation/**", "Validate a partner's association"),
        Operation("POST", "v1/validations/address", "Validate an address"),
        Operation("GET", "v1/validations/checkdomainavailability/{prefix}", "Check the availability of a domain"),
        Operation(ANY, "v1/validations/**", "Validations"),
        Operation(ANY, "v1/profiles/**", "Profiles of the partner"),
        Operation("GET", "v1/relationships", "Get indirect resellers"),
        Operation(ANY, "v1/relationships/**", "Relationships of the partner"),
        Operation(ANY, "v1/invoices/**", "Invoices"),
        Operation(ANY, "v1/auditrecords/**", "Audit records"),
        Operation(ANY, "v1/agreements/**", "Agreements"),
        Operation(ANY, "v1/analytics/**", "Analytics"),
        Operation(ANY, "v1/countryvalidationrules/**", "Rules for addresses of a country"),
        Operation(ANY, "v1/offercategories/**", "Offer categories"),
        Operation(ANY, "v1/offers/**", "Offers"),
        Operation(ANY, "v1/products/**", "Products"),
        Operation(ANY, "v1/ratecards/**", "Rate cards"),
        Operation(ANY, "v1/servicerequests/**", "Service requests"),
        Operation(ANY, "v1/usagesummary/**", "Usage"),
        Operation(ANY, "v1/servicecosts/**", "Service costs"),
        Operation(ANY, "v1/devicebatches/**", "Device batches"),
        Operation(ANY, "v1/partnerRequests/**", "Security requirements of the partner"),
        Operation(ANY, "v1/ValidateMfa/**", "Test multifactor authentication"),
        Operation("GET", f"{_EVENTS}/events", "Get a list of events"),
        Operation("GET", _EVENTS, "View an event registration"),
        Operation("POST", _EVENTS, "Register to receive an event"),
        Operation("PUT", _EVENTS, "Update an event registration"),
        Operation("POST", f"{_EVENTS}/validationEvents", "Send a test event"),
        Operation("GET", f"{_EVENTS}/validationEvents/{{correlation}}", "Verify that the test event was received"),
        Operation(ANY, f"{_EVENTS}/**", "Event registrations"),
        Operation(ANY, "accountenrollments/**", "Account enrollments"),
    ],
)
