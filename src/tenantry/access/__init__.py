"""The one place that decides who may do what in which tenant, and says which facts led to the decision."""
