-- Written by `make schema` from the migrations; never edit it.
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE audit_events (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	type TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	connector_id TEXT, 
	grant_id TEXT, 
	partner_tenant_id TEXT, 
	correlation_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	data TEXT NOT NULL, 
	CONSTRAINT pk_audit_events PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_audit_events_actor ON audit_events (tenant_id, actor, id) WHERE type <> 'access_token.issued' AND type <> 'device_token.issued';
CREATE INDEX ix_audit_events_correlation ON audit_events (tenant_id, correlation_id, id) WHERE type <> 'access_token.issued' AND type <> 'device_token.issued';
CREATE INDEX ix_audit_events_partner ON audit_events (tenant_id, partner_tenant_id, id) WHERE partner_tenant_id IS NOT NULL AND type <> 'access_token.issued' AND type <> 'device_token.issued';
CREATE INDEX ix_audit_events_rare ON audit_events (tenant_id, id) WHERE type <> 'access_token.issued' AND type <> 'device_token.issued';
CREATE INDEX ix_audit_events_type ON audit_events (tenant_id, type, id) WHERE type <> 'access_token.issued' AND type <> 'device_token.issued';
CREATE TABLE audit_seals (
	tenant_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	last_event_id TEXT NOT NULL, 
	event_count BIGINT NOT NULL, 
	digest BLOB NOT NULL, 
	sealed_at BIGINT NOT NULL, 
	CONSTRAINT pk_audit_seals PRIMARY KEY (tenant_id, number)
)
 WITHOUT ROWID

;
CREATE TABLE signing_keys (
	id TEXT NOT NULL, 
	algorithm TEXT NOT NULL, 
	private_key BLOB NOT NULL, 
	public_jwk TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	signs_from BIGINT NOT NULL, 
	verifies_until BIGINT, 
	revoked_at BIGINT, 
	PRIMARY KEY (id)
);
CREATE TABLE tenants (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT DEFAULT '' NOT NULL, 
	country TEXT, 
	created_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	deleted_at BIGINT, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_tenants_ended ON tenants (id, deleted_at, disabled_at) WHERE deleted_at IS NOT NULL OR disabled_at IS NOT NULL;
CREATE TABLE authorization_codes (
	tenant_id TEXT NOT NULL, 
	code_hash BLOB NOT NULL, 
	connector_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	redirect_uri TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	amr TEXT NOT NULL, 
	nonce TEXT, 
	code_challenge TEXT, 
	authenticated_at BIGINT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	claimed_at BIGINT, 
	grant_id TEXT, sign_in_scope TEXT, 
	CONSTRAINT pk_authorization_codes PRIMARY KEY (tenant_id, code_hash), 
	CONSTRAINT fk_authorization_codes_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_authorization_codes_user ON authorization_codes (tenant_id, user_id) WHERE claimed_at IS NULL;
CREATE TABLE connectors (
	id TEXT NOT NULL, 
	tenant_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT DEFAULT '' NOT NULL, 
	description TEXT NOT NULL, 
	permissions TEXT NOT NULL, 
	redirect_uris TEXT NOT NULL, 
	email TEXT, 
	created_by TEXT, 
	created_at BIGINT NOT NULL, 
	deactivated_at BIGINT, 
	deleted_at BIGINT, 
	waiting_permissions TEXT DEFAULT '' NOT NULL, 
	waiting_since BIGINT, 
	declined_permissions TEXT DEFAULT '' NOT NULL, 
	declined_at BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT fk_connectors_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_connectors_tenant ON connectors (tenant_id, id);
CREATE INDEX ix_connectors_waiting ON connectors (tenant_id, waiting_since, id) WHERE waiting_since IS NOT NULL;
CREATE UNIQUE INDEX uq_connectors_email ON connectors (email);
CREATE TABLE delegated_relationships (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	partner_tenant_id TEXT NOT NULL, 
	display_name TEXT NOT NULL, 
	name_key TEXT DEFAULT '' NOT NULL, 
	role_ids TEXT NOT NULL, 
	status TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	activated_at BIGINT, 
	expires_at BIGINT, 
	ended_at BIGINT, 
	CONSTRAINT pk_delegated_relationships PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_delegated_relationships_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_delegated_relationships_partner ON delegated_relationships (tenant_id, partner_tenant_id, id);
CREATE TABLE domain_proofs (
	tenant_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	token TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_domain_proofs PRIMARY KEY (tenant_id, name), 
	CONSTRAINT fk_domain_proofs_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE domains (
	name TEXT NOT NULL, 
	tenant_id TEXT NOT NULL, 
	is_initial SMALLINT DEFAULT 0 NOT NULL, 
	is_federated SMALLINT DEFAULT 0 NOT NULL, 
	created_at BIGINT NOT NULL, 
	verified_at BIGINT, 
	PRIMARY KEY (name), 
	CONSTRAINT fk_domains_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_domains_tenant ON domains (tenant_id, name);
CREATE TABLE grants (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	connector_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	reach TEXT NOT NULL, 
	group_id TEXT, 
	permissions TEXT NOT NULL, 
	amr TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	revoked_at BIGINT, authenticated_at BIGINT, sign_in_scope TEXT, 
	CONSTRAINT pk_grants PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_grants_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_grants_connector ON grants (tenant_id, connector_id, user_id);
CREATE INDEX ix_grants_expiry ON grants (tenant_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX ix_grants_group ON grants (tenant_id, group_id) WHERE revoked_at IS NULL AND group_id IS NOT NULL;
CREATE INDEX ix_grants_live ON grants (tenant_id, connector_id, reach, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX ix_grants_live_id ON grants (tenant_id, connector_id, id) WHERE revoked_at IS NULL;
CREATE INDEX ix_grants_user ON grants (tenant_id, user_id);
CREATE TABLE groups (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT DEFAULT '' NOT NULL, 
	welcome_message TEXT NOT NULL, 
	group_type TEXT NOT NULL, 
	image_url TEXT, 
	background_url TEXT, 
	short_description TEXT, 
	long_description TEXT, 
	created_by TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	CONSTRAINT pk_groups PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_groups_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_groups_deleted ON groups (tenant_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_groups_name ON groups (tenant_id, name_key, id) WHERE deleted_at IS NULL;
CREATE TABLE idempotency_keys (
	tenant_id TEXT NOT NULL, 
	key_hash BLOB NOT NULL, 
	status SMALLINT, 
	response TEXT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_idempotency_keys PRIMARY KEY (tenant_id, key_hash), 
	CONSTRAINT fk_idempotency_keys_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);
CREATE TABLE identity_providers (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	issuer TEXT NOT NULL, 
	client_id TEXT NOT NULL, 
	client_secret BLOB NOT NULL, 
	name_claim TEXT NOT NULL, 
	trusts_mfa SMALLINT DEFAULT 0 NOT NULL, 
	created_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	CONSTRAINT pk_identity_providers PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_identity_providers_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE managed_accounts (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	enterprise_id TEXT NOT NULL, 
	user_id TEXT, 
	management_type TEXT NOT NULL, 
	account_type TEXT NOT NULL, 
	account_identifier TEXT, 
	display_name TEXT, 
	primary_email TEXT, 
	search_key TEXT DEFAULT '' NOT NULL, 
	device_count SMALLINT DEFAULT 0 NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	CONSTRAINT pk_managed_accounts PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_managed_accounts_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_managed_accounts_email ON managed_accounts (tenant_id, enterprise_id, primary_email);
CREATE INDEX ix_managed_accounts_quota ON managed_accounts (tenant_id, device_count) WHERE deleted_at IS NULL;
CREATE INDEX ix_managed_accounts_search ON managed_accounts (tenant_id, enterprise_id, search_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_managed_accounts_user ON managed_accounts (tenant_id, user_id);
CREATE UNIQUE INDEX uq_managed_accounts_identifier ON managed_accounts (tenant_id, enterprise_id, account_identifier) WHERE deleted_at IS NULL;
CREATE TABLE partner_customers (
	tenant_id TEXT NOT NULL, 
	customer_tenant_id TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	is_reseller SMALLINT DEFAULT 0 NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_partner_customers PRIMARY KEY (tenant_id, customer_tenant_id), 
	CONSTRAINT fk_partner_customers_customer FOREIGN KEY(customer_tenant_id) REFERENCES tenants (id), 
	CONSTRAINT fk_partner_customers_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_partner_customers_name ON partner_customers (tenant_id, name_key, customer_tenant_id);
CREATE TABLE partner_relationships (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	customer_tenant_id TEXT NOT NULL, 
	role_ids TEXT DEFAULT '' NOT NULL, 
	status TEXT NOT NULL, 
	expires_at BIGINT, 
	CONSTRAINT pk_partner_relationships PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_partner_relationships_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_partner_relationships_customer ON partner_relationships (tenant_id, customer_tenant_id, status, expires_at);
CREATE TABLE phone_pins (
	tenant_id TEXT NOT NULL, 
	number TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	pin_hash BLOB NOT NULL, 
	tries_left SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	window_started_at BIGINT NOT NULL, 
	sent_in_window SMALLINT NOT NULL, 
	CONSTRAINT pk_phone_pins PRIMARY KEY (tenant_id, number, purpose), 
	CONSTRAINT fk_phone_pins_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE reseller_relationships (
	tenant_id TEXT NOT NULL, 
	partner_tenant_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT pk_reseller_relationships PRIMARY KEY (tenant_id, partner_tenant_id), 
	CONSTRAINT fk_reseller_relationships_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE shared_callbacks (
	tenant_id TEXT NOT NULL, 
	provider_id TEXT NOT NULL, 
	replaced_at BIGINT, 
	CONSTRAINT pk_shared_callbacks PRIMARY KEY (tenant_id, provider_id), 
	CONSTRAINT fk_shared_callbacks_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE tenant_policies (
	tenant_id TEXT NOT NULL, 
	second_factor TEXT NOT NULL, 
	phone_sign_in TEXT NOT NULL, 
	connector_registration TEXT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	second_factor_from BIGINT, 
	CONSTRAINT pk_tenant_policies PRIMARY KEY (tenant_id), 
	CONSTRAINT fk_tenant_policies_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE untold_changes (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	event_type TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	after_group_id TEXT NOT NULL, 
	CONSTRAINT pk_untold_changes PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_untold_changes_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE upstream_sign_ins (
	tenant_id TEXT NOT NULL, 
	state_hash BLOB NOT NULL, 
	provider_id TEXT NOT NULL, 
	back TEXT NOT NULL, 
	prompt TEXT, 
	max_age BIGINT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_upstream_sign_ins PRIMARY KEY (tenant_id, state_hash), 
	CONSTRAINT fk_upstream_sign_ins_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_upstream_sign_ins_expiry ON upstream_sign_ins (tenant_id, expires_at);
CREATE TABLE user_imports (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	file_name TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	total BIGINT NOT NULL, 
	next_row BIGINT NOT NULL, 
	created BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	ignored TEXT DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_user_imports PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_user_imports_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE users (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	user_principal_name TEXT NOT NULL, 
	upn_key TEXT NOT NULL, 
	user_type TEXT NOT NULL, 
	display_name TEXT NOT NULL, 
	display_key TEXT DEFAULT '' NOT NULL, 
	given_name TEXT, 
	family_name TEXT, 
	usage_location TEXT, 
	immutable_id TEXT, 
	phone_number TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	deleted_at BIGINT, 
	last_sign_in_at BIGINT, 
	factor_counts_from BIGINT, 
	CONSTRAINT pk_users PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_users_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_users_blocked ON users (tenant_id, display_key, id) WHERE disabled_at IS NOT NULL;
CREATE INDEX ix_users_deleted ON users (tenant_id, user_type, display_key, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_users_display_name ON users (tenant_id, display_name, id);
CREATE INDEX ix_users_ended ON users (tenant_id, id, deleted_at, disabled_at) WHERE deleted_at IS NOT NULL OR disabled_at IS NOT NULL;
CREATE INDEX ix_users_live_display ON users (tenant_id, user_type, display_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_live_name ON users (tenant_id, user_type, upn_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_upn ON users (tenant_id, upn_key, id);
CREATE UNIQUE INDEX uq_users_live_upn ON users (tenant_id, upn_key) WHERE deleted_at IS NULL;
CREATE TABLE webhooks (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	object_type TEXT NOT NULL, 
	object_id TEXT NOT NULL, 
	event_types TEXT NOT NULL, 
	callback_url TEXT NOT NULL, 
	callback_token BLOB, 
	context TEXT, 
	connector_id TEXT, 
	created_by TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	disabled_reason TEXT, 
	deleted_at BIGINT, 
	not_before BIGINT, 
	CONSTRAINT pk_webhooks PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_webhooks_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_webhooks_object ON webhooks (tenant_id, object_type, object_id) WHERE deleted_at IS NULL;
CREATE TABLE connector_roles (
	tenant_id TEXT NOT NULL, 
	connector_id TEXT NOT NULL, 
	role_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	CONSTRAINT pk_connector_roles PRIMARY KEY (tenant_id, connector_id, role_id), 
	CONSTRAINT fk_connector_roles_connector FOREIGN KEY(connector_id) REFERENCES connectors (id), 
	CONSTRAINT fk_connector_roles_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_connector_roles_role ON connector_roles (tenant_id, role_id, connector_id);
CREATE TABLE connector_secrets (
	connector_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	secret_hash BLOB NOT NULL, 
	hint TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	ended_at BIGINT, 
	last_used_at BIGINT, 
	CONSTRAINT pk_connector_secrets PRIMARY KEY (connector_id, id), 
	CONSTRAINT fk_connector_secrets_connector FOREIGN KEY(connector_id) REFERENCES connectors (id)
)
 WITHOUT ROWID

;
CREATE TABLE device_credentials (
	tenant_id TEXT NOT NULL, 
	credential_hash BLOB NOT NULL, 
	managed_account_id TEXT NOT NULL, 
	android_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	revoked_at BIGINT, 
	CONSTRAINT pk_device_credentials PRIMARY KEY (tenant_id, credential_hash), 
	CONSTRAINT fk_device_credentials_account FOREIGN KEY(tenant_id, managed_account_id) REFERENCES managed_accounts (tenant_id, id), 
	CONSTRAINT fk_device_credentials_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_device_credentials_account ON device_credentials (tenant_id, managed_account_id, android_id);
CREATE TABLE device_tokens (
	tenant_id TEXT NOT NULL, 
	token_hash BLOB NOT NULL, 
	enterprise_id TEXT NOT NULL, 
	managed_account_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	claimed_at BIGINT, 
	claimed_by TEXT, 
	revoked_at BIGINT, 
	CONSTRAINT pk_device_tokens PRIMARY KEY (tenant_id, token_hash), 
	CONSTRAINT fk_device_tokens_account FOREIGN KEY(tenant_id, managed_account_id) REFERENCES managed_accounts (tenant_id, id), 
	CONSTRAINT fk_device_tokens_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_device_tokens_account ON device_tokens (tenant_id, managed_account_id);
CREATE TABLE devices (
	tenant_id TEXT NOT NULL, 
	managed_account_id TEXT NOT NULL, 
	android_id TEXT NOT NULL, 
	enterprise_id TEXT NOT NULL, 
	management_type TEXT, 
	dpc_package_name TEXT, 
	maker TEXT, 
	model TEXT, 
	product TEXT, 
	device TEXT, 
	retail_brand TEXT, 
	sdk_version BIGINT, 
	latest_build_fingerprint TEXT, 
	policy TEXT, 
	account_state TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	provisioned_at BIGINT, 
	removed_at BIGINT, 
	CONSTRAINT pk_devices PRIMARY KEY (tenant_id, managed_account_id, android_id), 
	CONSTRAINT fk_devices_account FOREIGN KEY(tenant_id, managed_account_id) REFERENCES managed_accounts (tenant_id, id), 
	CONSTRAINT fk_devices_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE TABLE enrolments (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	code_hash BLOB, 
	code_expires_at BIGINT, 
	CONSTRAINT pk_enrolments PRIMARY KEY (tenant_id, user_id), 
	CONSTRAINT fk_enrolments_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_enrolments_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE enterprises (
	id TEXT NOT NULL, 
	tenant_id TEXT NOT NULL, 
	emm_tenant_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT DEFAULT '' NOT NULL, 
	primary_domain TEXT, 
	service_account_id TEXT, 
	created_at BIGINT NOT NULL, 
	unenrolled_at BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT fk_enterprises_emm_tenant FOREIGN KEY(emm_tenant_id) REFERENCES tenants (id), 
	CONSTRAINT fk_enterprises_service_account FOREIGN KEY(service_account_id) REFERENCES connectors (id), 
	CONSTRAINT fk_enterprises_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_enterprises_emm_tenant ON enterprises (emm_tenant_id, id);
CREATE INDEX ix_enterprises_tenant ON enterprises (tenant_id, id);
CREATE TABLE group_invitations (
	tenant_id TEXT NOT NULL, 
	invitation_hash BLOB NOT NULL, 
	id TEXT NOT NULL, 
	group_id TEXT NOT NULL, 
	role TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT pk_group_invitations PRIMARY KEY (tenant_id, invitation_hash), 
	CONSTRAINT fk_group_invitations_group_id FOREIGN KEY(tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_group_invitations_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_group_invitations_group ON group_invitations (tenant_id, group_id);
CREATE TABLE group_links (
	tenant_id TEXT NOT NULL, 
	parent_id TEXT NOT NULL, 
	child_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_group_links PRIMARY KEY (tenant_id, parent_id, child_id), 
	CONSTRAINT fk_group_links_child_id FOREIGN KEY(tenant_id, child_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_group_links_parent_id FOREIGN KEY(tenant_id, parent_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_group_links_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_group_links_child ON group_links (tenant_id, child_id, parent_id);
CREATE TABLE group_members (
	tenant_id TEXT NOT NULL, 
	group_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	role TEXT NOT NULL, 
	added_at BIGINT NOT NULL, 
	member_key TEXT, 
	CONSTRAINT pk_group_members PRIMARY KEY (tenant_id, group_id, user_id), 
	CONSTRAINT fk_group_members_group_id FOREIGN KEY(tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_group_members_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_group_members_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_group_members_admin ON group_members (tenant_id, group_id, member_key, user_id) WHERE role = 'admin';
CREATE INDEX ix_group_members_name ON group_members (tenant_id, group_id, member_key, user_id, role) WHERE role <> 'subscriber';
CREATE INDEX ix_group_members_subscriber ON group_members (tenant_id, group_id, member_key, user_id) WHERE role = 'subscriber';
CREATE INDEX ix_group_members_user ON group_members (tenant_id, user_id, group_id);
CREATE TABLE linked_identities (
	tenant_id TEXT NOT NULL, 
	provider_id TEXT NOT NULL, 
	issuer TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_linked_identities PRIMARY KEY (tenant_id, provider_id, issuer, subject), 
	CONSTRAINT fk_linked_identities_provider FOREIGN KEY(tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_linked_identities_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_linked_identities_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_linked_identities_user ON linked_identities (tenant_id, user_id);
CREATE TABLE passkey_challenges (
	tenant_id TEXT NOT NULL, 
	challenge_hash BLOB NOT NULL, 
	user_id TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_passkey_challenges PRIMARY KEY (tenant_id, challenge_hash), 
	CONSTRAINT fk_passkey_challenges_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_passkey_challenges_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_passkey_challenges_user ON passkey_challenges (tenant_id, user_id);
CREATE TABLE passkeys (
	tenant_id TEXT NOT NULL, 
	credential_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	public_key BLOB NOT NULL, 
	sign_count BIGINT NOT NULL, 
	is_synced SMALLINT DEFAULT 0 NOT NULL, 
	transports TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	last_used_at BIGINT, 
	CONSTRAINT pk_passkeys PRIMARY KEY (tenant_id, credential_id), 
	CONSTRAINT fk_passkeys_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_passkeys_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_passkeys_user ON passkeys (tenant_id, user_id);
CREATE TABLE password_credentials (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	password_hash TEXT NOT NULL, 
	must_change SMALLINT DEFAULT 0 NOT NULL, 
	changed_at BIGINT NOT NULL, 
	CONSTRAINT pk_password_credentials PRIMARY KEY (tenant_id, user_id), 
	CONSTRAINT fk_password_credentials_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_password_credentials_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE phone_factors (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	number TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_phone_factors PRIMARY KEY (tenant_id, user_id), 
	CONSTRAINT fk_phone_factors_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_phone_factors_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE phones (
	tenant_id TEXT NOT NULL, 
	number TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	verified_at BIGINT, 
	CONSTRAINT pk_phones PRIMARY KEY (tenant_id, number), 
	CONSTRAINT fk_phones_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_phones_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_phones_user ON phones (tenant_id, user_id);
CREATE TABLE recovery_codes (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	code_hash BLOB NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_recovery_codes PRIMARY KEY (tenant_id, user_id, code_hash), 
	CONSTRAINT fk_recovery_codes_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_recovery_codes_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE refresh_tokens (
	tenant_id TEXT NOT NULL, 
	token_hash BLOB NOT NULL, 
	grant_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	last_used_at BIGINT, 
	CONSTRAINT pk_refresh_tokens PRIMARY KEY (tenant_id, token_hash), 
	CONSTRAINT fk_refresh_tokens_grant FOREIGN KEY(tenant_id, grant_id) REFERENCES grants (tenant_id, id), 
	CONSTRAINT fk_refresh_tokens_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
 WITHOUT ROWID

;
CREATE INDEX ix_refresh_tokens_grant ON refresh_tokens (tenant_id, grant_id);
CREATE TABLE role_assignments (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	role_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	given_by TEXT, 
	CONSTRAINT pk_role_assignments PRIMARY KEY (tenant_id, user_id, role_id), 
	CONSTRAINT fk_role_assignments_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_role_assignments_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_role_assignments_given_by ON role_assignments (tenant_id, given_by, role_id) WHERE given_by IS NOT NULL;
CREATE INDEX ix_role_assignments_role ON role_assignments (tenant_id, role_id, user_id);
CREATE TABLE service_account_keys (
	connector_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	algorithm TEXT NOT NULL, 
	public_key TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	revoked_at BIGINT, 
	CONSTRAINT pk_service_account_keys PRIMARY KEY (connector_id, id), 
	CONSTRAINT fk_service_account_keys_connector FOREIGN KEY(connector_id) REFERENCES connectors (id)
);
CREATE TABLE sessions (
	tenant_id TEXT NOT NULL, 
	session_hash BLOB NOT NULL, 
	id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	amr TEXT NOT NULL, 
	address TEXT NOT NULL, 
	browser TEXT NOT NULL, 
	acting_tenant_id TEXT, 
	created_at BIGINT NOT NULL, 
	authenticated_at BIGINT, 
	expires_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	added_factor SMALLINT DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (tenant_id, session_hash), 
	CONSTRAINT fk_sessions_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_sessions_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_sessions_user ON sessions (tenant_id, user_id);
CREATE TABLE sign_in_notices (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	what TEXT NOT NULL, 
	by_whom TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_sign_in_notices PRIMARY KEY (tenant_id, user_id, id), 
	CONSTRAINT fk_sign_in_notices_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_sign_in_notices_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE sign_ins (
	tenant_id TEXT NOT NULL, 
	sign_in_hash BLOB NOT NULL, 
	user_id TEXT NOT NULL, 
	amr TEXT NOT NULL, 
	must_change SMALLINT DEFAULT 0 NOT NULL, 
	tries_left SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_sign_ins PRIMARY KEY (tenant_id, sign_in_hash), 
	CONSTRAINT fk_sign_ins_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_sign_ins_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_sign_ins_user ON sign_ins (tenant_id, user_id);
CREATE TABLE totp_credentials (
	tenant_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	secret BLOB NOT NULL, 
	last_step BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	confirmed_at BIGINT, wrong_tries BIGINT DEFAULT 0 NOT NULL, tried_at BIGINT, 
	CONSTRAINT pk_totp_credentials PRIMARY KEY (tenant_id, user_id), 
	CONSTRAINT fk_totp_credentials_user FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_totp_credentials_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE user_import_rows (
	tenant_id TEXT NOT NULL, 
	import_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	data TEXT NOT NULL, 
	error TEXT, 
	CONSTRAINT pk_user_import_rows PRIMARY KEY (tenant_id, import_id, number), 
	CONSTRAINT fk_user_import_rows_import FOREIGN KEY(tenant_id, import_id) REFERENCES user_imports (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_user_import_rows_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE webhook_deliveries (
	tenant_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	webhook_id TEXT NOT NULL, 
	event_type TEXT NOT NULL, 
	body TEXT NOT NULL, 
	attempts SMALLINT DEFAULT 0 NOT NULL, 
	created_at BIGINT NOT NULL, 
	due_at BIGINT, 
	delivered_at BIGINT, 
	last_error TEXT, 
	CONSTRAINT pk_webhook_deliveries PRIMARY KEY (tenant_id, id), 
	CONSTRAINT fk_webhook_deliveries_webhook FOREIGN KEY(tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE, 
	CONSTRAINT fk_webhook_deliveries_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (tenant_id, webhook_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX ix_webhook_deliveries_webhook ON webhook_deliveries (tenant_id, webhook_id, id);
INSERT INTO alembic_version VALUES ('r0003');
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES ('alembic_version', 'sqlite_autoindex_alembic_version_1', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('audit_events', 'ix_audit_events_actor', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('audit_events', 'ix_audit_events_correlation', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('audit_events', 'ix_audit_events_partner', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('audit_events', 'ix_audit_events_rare', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('audit_events', 'ix_audit_events_type', '1000000 100000 10000 10');
INSERT INTO sqlite_stat1 VALUES ('audit_events', 'sqlite_autoindex_audit_events_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('audit_seals', 'audit_seals', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('authorization_codes', 'ix_authorization_codes_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('authorization_codes', 'sqlite_autoindex_authorization_codes_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('connector_roles', 'ix_connector_roles_role', '1000000 100000 10000 1000');
INSERT INTO sqlite_stat1 VALUES ('connector_roles', 'sqlite_autoindex_connector_roles_1', '1000000 100000 10000 1');
INSERT INTO sqlite_stat1 VALUES ('connector_secrets', 'connector_secrets', '100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('connectors', 'connectors', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('connectors', 'ix_connectors_tenant', '100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('connectors', 'ix_connectors_waiting', '100000 10 10 10');
INSERT INTO sqlite_stat1 VALUES ('connectors', 'uq_connectors_email', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('delegated_relationships', 'ix_delegated_relationships_partner', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('delegated_relationships', 'sqlite_autoindex_delegated_relationships_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('device_credentials', 'device_credentials', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('device_credentials', 'ix_device_credentials_account', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('device_tokens', 'device_tokens', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('device_tokens', 'ix_device_tokens_account', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('devices', 'devices', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('domain_proofs', 'sqlite_autoindex_domain_proofs_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('domains', 'ix_domains_tenant', '100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('domains', 'sqlite_autoindex_domains_1', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('enrolments', 'sqlite_autoindex_enrolments_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('enterprises', 'enterprises', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('enterprises', 'ix_enterprises_emm_tenant', '100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('enterprises', 'ix_enterprises_tenant', '100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('grants', 'grants', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('grants', 'ix_grants_connector', '1000000 100000 10000 10');
INSERT INTO sqlite_stat1 VALUES ('grants', 'ix_grants_expiry', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('grants', 'ix_grants_group', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('grants', 'ix_grants_live', '1000000 100000 10000 1000 10');
INSERT INTO sqlite_stat1 VALUES ('grants', 'ix_grants_live_id', '1000000 100000 10000 10');
INSERT INTO sqlite_stat1 VALUES ('grants', 'ix_grants_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('group_invitations', 'ix_group_invitations_group', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('group_invitations', 'sqlite_autoindex_group_invitations_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('group_links', 'ix_group_links_child', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('group_links', 'sqlite_autoindex_group_links_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('group_members', 'ix_group_members_admin', '1000000 100000 10 10 10');
INSERT INTO sqlite_stat1 VALUES ('group_members', 'ix_group_members_name', '1000000 100000 10 10 10 10');
INSERT INTO sqlite_stat1 VALUES ('group_members', 'ix_group_members_subscriber', '1000000 100000 10 10 10');
INSERT INTO sqlite_stat1 VALUES ('group_members', 'ix_group_members_user', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('group_members', 'sqlite_autoindex_group_members_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('groups', 'ix_groups_deleted', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('groups', 'ix_groups_name', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('groups', 'sqlite_autoindex_groups_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('idempotency_keys', 'ix_idempotency_keys_expiry', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('idempotency_keys', 'sqlite_autoindex_idempotency_keys_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('identity_providers', 'sqlite_autoindex_identity_providers_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('linked_identities', 'ix_linked_identities_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('linked_identities', 'sqlite_autoindex_linked_identities_1', '1000000 100000 10 10 1');
INSERT INTO sqlite_stat1 VALUES ('managed_accounts', 'ix_managed_accounts_email', '1000000 100000 10000 10');
INSERT INTO sqlite_stat1 VALUES ('managed_accounts', 'ix_managed_accounts_quota', '1000000 100000 10000');
INSERT INTO sqlite_stat1 VALUES ('managed_accounts', 'ix_managed_accounts_search', '1000000 100000 10000 10 10');
INSERT INTO sqlite_stat1 VALUES ('managed_accounts', 'ix_managed_accounts_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('managed_accounts', 'managed_accounts', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('managed_accounts', 'uq_managed_accounts_identifier', '1000000 100000 10000 1');
INSERT INTO sqlite_stat1 VALUES ('partner_customers', 'ix_partner_customers_name', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('partner_customers', 'sqlite_autoindex_partner_customers_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('partner_relationships', 'ix_partner_relationships_customer', '1000000 100000 10 10 10');
INSERT INTO sqlite_stat1 VALUES ('partner_relationships', 'sqlite_autoindex_partner_relationships_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('passkey_challenges', 'ix_passkey_challenges_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('passkey_challenges', 'sqlite_autoindex_passkey_challenges_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('passkeys', 'ix_passkeys_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('passkeys', 'sqlite_autoindex_passkeys_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('password_credentials', 'sqlite_autoindex_password_credentials_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('phone_factors', 'sqlite_autoindex_phone_factors_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('phone_pins', 'sqlite_autoindex_phone_pins_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('phones', 'ix_phones_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('phones', 'sqlite_autoindex_phones_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('recovery_codes', 'sqlite_autoindex_recovery_codes_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('refresh_tokens', 'ix_refresh_tokens_grant', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('refresh_tokens', 'refresh_tokens', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('reseller_relationships', 'sqlite_autoindex_reseller_relationships_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('role_assignments', 'ix_role_assignments_given_by', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('role_assignments', 'ix_role_assignments_role', '1000000 100000 10000 10');
INSERT INTO sqlite_stat1 VALUES ('role_assignments', 'sqlite_autoindex_role_assignments_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('service_account_keys', 'sqlite_autoindex_service_account_keys_1', '100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('sessions', 'ix_sessions_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('sessions', 'sqlite_autoindex_sessions_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('shared_callbacks', 'sqlite_autoindex_shared_callbacks_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('sign_in_notices', 'sqlite_autoindex_sign_in_notices_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('sign_ins', 'ix_sign_ins_user', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('sign_ins', 'sqlite_autoindex_sign_ins_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('signing_keys', 'sqlite_autoindex_signing_keys_1', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('tenant_policies', 'sqlite_autoindex_tenant_policies_1', '1000000 1');
INSERT INTO sqlite_stat1 VALUES ('tenants', 'ix_tenants_ended', '1000 1 1 1');
INSERT INTO sqlite_stat1 VALUES ('tenants', 'tenants', '100000 1');
INSERT INTO sqlite_stat1 VALUES ('totp_credentials', 'sqlite_autoindex_totp_credentials_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('untold_changes', 'sqlite_autoindex_untold_changes_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('upstream_sign_ins', 'ix_upstream_sign_ins_expiry', '1000000 100000 10');
INSERT INTO sqlite_stat1 VALUES ('upstream_sign_ins', 'sqlite_autoindex_upstream_sign_ins_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('user_import_rows', 'sqlite_autoindex_user_import_rows_1', '1000000 100000 10 1');
INSERT INTO sqlite_stat1 VALUES ('user_imports', 'sqlite_autoindex_user_imports_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_blocked', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_deleted', '1000000 100000 10000 10 10');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_display_name', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_ended', '1000 1 1 1 1');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_live_display', '1000000 100000 10000 10 10');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_live_name', '1000000 100000 10000 10 10');
INSERT INTO sqlite_stat1 VALUES ('users', 'ix_users_upn', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('users', 'uq_users_live_upn', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('users', 'users', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('webhook_deliveries', 'ix_webhook_deliveries_due', '1000000 100000 10 10 10');
INSERT INTO sqlite_stat1 VALUES ('webhook_deliveries', 'ix_webhook_deliveries_webhook', '1000000 100000 10 10');
INSERT INTO sqlite_stat1 VALUES ('webhook_deliveries', 'sqlite_autoindex_webhook_deliveries_1', '1000000 100000 1');
INSERT INTO sqlite_stat1 VALUES ('webhooks', 'ix_webhooks_object', '1000000 100000 10000 10');
INSERT INTO sqlite_stat1 VALUES ('webhooks', 'sqlite_autoindex_webhooks_1', '1000000 100000 1');
