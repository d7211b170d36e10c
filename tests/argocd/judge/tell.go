package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/server/deeplinks"
	notifications "github.com/argoproj/argo-cd/v3/util/notification/settings"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/notifications-engine/pkg/api"
	"github.com/argoproj/notifications-engine/pkg/services"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

// service is the name under which the notifications are caught.
const service = "caught"

// teller is what reaches people who do not look: notifications, and links to the vendors' consoles.
type teller struct {
	api      api.API
	triggers []string
	links    []settings.DeepLink
	caught   *string
}

// told is what an Application that holds this object sends and shows.
type told struct {
	// By trigger, the text that is sent.
	Notifications map[string]string `json:"notifications,omitempty"`
	// By trigger, what Argo CD sends it once for.
	Once map[string]string `json:"once,omitempty"`
	// By title.
	Links map[string]string `json:"links,omitempty"`
}

type catcher struct{ text *string }

func (it catcher) Send(notification services.Notification, _ services.Destination) error {
	*it.text = notification.Message
	return nil
}

// newTeller has Argo CD read two of its ConfigMaps.
func newTeller(notificationsFile, linksFile string) (*teller, error) {
	config, err := readConfigMap(notificationsFile)
	if err != nil {
		return nil, err
	}
	parsed, err := api.ParseConfig(config, &corev1.Secret{})
	if err != nil {
		return nil, err
	}
	// The service asks the repo server about commits, which no template of ours does.
	vars, err := notifications.GetFactorySettings(nil, "", "", false).InitGetVars(parsed, config, &corev1.Secret{})
	if err != nil {
		return nil, err
	}
	engine, err := api.NewAPI(*parsed, vars)
	if err != nil {
		return nil, err
	}
	caught := new(string)
	engine.AddNotificationService(service, catcher{caught})
	links, err := readConfigMap(linksFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	deepLinks, err := settings.NewSettingsManager(ctx, fake.NewClientset(links), namespace).GetDeepLinks(settings.ResourceDeepLinks)
	if err != nil {
		return nil, err
	}
	return &teller{engine, slices.Sorted(maps.Keys(parsed.Triggers)), deepLinks, caught}, nil
}

// tell judges an Application whose status says of this object what Argo CD's controller writes there.
func (it *teller) tell(object *unstructured.Unstructured, found *health.HealthStatus) (*told, error) {
	kind, since := object.GroupVersionKind(), metav1.Unix(0, 0)
	application, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Name: "application", Namespace: namespace},
		Status: v1alpha1.ApplicationStatus{Health: v1alpha1.AppHealthStatus{LastTransitionTime: &since}, Resources: []v1alpha1.ResourceStatus{
			// Another team's.
			{Version: "v1", Kind: "Service", Name: "other", Health: &v1alpha1.HealthStatus{Status: health.HealthStatusDegraded}},
			// Argo CD has not looked at it yet.
			{Group: kind.Group, Version: kind.Version, Kind: kind.Kind, Name: "other"},
			{
				Group: kind.Group, Version: kind.Version, Kind: kind.Kind,
				Namespace: object.GetNamespace(), Name: object.GetName(),
				Health: &v1alpha1.HealthStatus{Status: found.Status, Message: found.Message},
			},
		}},
	})
	if err != nil {
		return nil, err
	}
	sent, once := map[string]string{}, map[string]string{}
	for _, trigger := range it.triggers {
		results, err := it.api.RunTrigger(trigger, application)
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			if !result.Triggered {
				continue
			}
			if result.OncePer == "" {
				return nil, errors.New(trigger + ": its oncePer has no value")
			}
			if err := it.api.Send(application, result.Templates, services.Destination{Service: service}); err != nil {
				return nil, err
			}
			sent[trigger], once[trigger] = *it.caught, result.OncePer
		}
	}
	shown := map[string]string{}
	response, faults := deeplinks.EvaluateDeepLinksResponse(
		deeplinks.CreateDeepLinksObject(object, nil, nil, nil), object.GetName(), it.links)
	if len(faults) > 0 {
		return nil, errors.New(strings.Join(faults, "; "))
	}
	for _, link := range response.Items {
		shown[link.GetTitle()] = link.GetUrl()
	}
	return &told{sent, once, shown}, nil
}
